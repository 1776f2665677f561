output "name" {
  description = "Name of the secret."
  value       = aws_secretsmanager_secret.this.name

  # not before it has a value
  depends_on = [aws_secretsmanager_secret_version.this]
}

output "arn" {
  description = "ARN of the secret."
  value       = aws_secretsmanager_secret.this.arn
  depends_on  = [aws_secretsmanager_secret_version.this]
}

output "version" {
  description = "Id of the version that holds its value."
  value       = aws_secretsmanager_secret_version.this.version_id
}
