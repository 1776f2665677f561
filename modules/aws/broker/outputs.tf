output "address" {
  description = "Host name of the broker."
  value       = local.endpoint.host
}

output "port" {
  description = "Port of AMQP over TLS."
  value       = tonumber(local.endpoint.port)
}

output "arn" {
  description = "ARN of the broker."
  value       = aws_mq_broker.this.arn
}

output "id" {
  description = "Id of the broker in Amazon MQ."
  value       = aws_mq_broker.this.id
}
