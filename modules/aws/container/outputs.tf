output "task_definition" {
  description = "ARN of the task definition, with its revision."
  value       = aws_ecs_task_definition.this.arn
  # ECS must be allowed to start it
  depends_on = [aws_iam_role_policy.execution]
}

output "family" {
  description = "ARN of the task definition without its revision."
  value       = "arn:${local.arn[1]}:ecs:${local.arn[3]}:${local.arn[4]}:task-definition/${var.name}"
}

output "cluster" {
  description = "ARN or name of the cluster."
  value       = var.cluster == "" ? aws_ecs_cluster.this[0].arn : var.cluster
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value = (
    var.cluster == "" ? aws_ecs_cluster.this[0].arn :
    startswith(var.cluster, "arn:") ? var.cluster :
    "arn:${local.arn[1]}:ecs:${local.arn[3]}:${local.arn[4]}:cluster/${var.cluster}"
  )
}

output "execution_role" {
  description = "ARN of the role by which ECS starts it."
  value       = aws_iam_role.execution.arn
}

output "security_group" {
  description = "Id of the security group of the tasks."
  value       = aws_security_group.this.id
}

output "vpc_id" {
  description = "Id of the network."
  value       = aws_security_group.this.vpc_id
}

output "subnet_ids" {
  description = "Subnets that it runs in."
  value       = local.subnet_ids
}

output "public" {
  description = "Whether tasks have a public address: in the account's default network they reach the registry in no other way."
  value       = length(var.subnet_ids) == 0
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "file_system" {
  description = "Id of the file system for what outlives a task; empty when there is none."
  value       = local.file_system
}
