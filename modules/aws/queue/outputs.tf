output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue; empty when there is none."
  value       = try(aws_sqs_queue.dead[0].url, "")
}
