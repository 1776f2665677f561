output "host" {
  description = "Name of all copies in the network; empty when it listens on no port."
  value       = length(var.ports) > 0 ? "${aws_service_discovery_service.this[0].name}.${aws_service_discovery_private_dns_namespace.this[0].name}" : ""

  # not before the copies run
  depends_on = [aws_ecs_service.this]
}

output "hosts" {
  description = "The same as a list; empty when it listens on no port."
  value       = [for service in aws_service_discovery_service.this : "${service.name}.${aws_service_discovery_private_dns_namespace.this[0].name}"]
  depends_on  = [aws_ecs_service.this]
}

output "arn" {
  description = "ARN of the service."
  value       = aws_ecs_service.this.id
}

output "cluster" {
  description = "ARN or name of the cluster."
  value       = module.container.cluster
}

output "log_group" {
  description = "Name of the log group."
  value       = module.container.log_group
}
