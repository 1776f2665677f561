output "address" {
  description = "Host name of the server."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port of the server."
  value       = aws_db_instance.this.port
}

output "master_secret_arn" {
  description = "ARN of the secret in Secrets Manager that holds user name and password as JSON."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "arn" {
  description = "ARN of the server."
  value       = aws_db_instance.this.arn
}

output "identifier" {
  description = "Identifier of the server in RDS."
  value       = aws_db_instance.this.identifier
}
