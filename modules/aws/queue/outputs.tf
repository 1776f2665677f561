output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this["main"].url
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this["main"].name
}

output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this["main"].arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue; empty when there is none."
  value       = try(aws_sqs_queue.this["dead"].url, "")
}
