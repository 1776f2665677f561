output "address" {
  description = "Host name to which to write."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "port" {
  description = "Port of the cache."
  value       = aws_elasticache_replication_group.this.port
}

output "arn" {
  description = "ARN of the cache."
  value       = aws_elasticache_replication_group.this.arn
}

output "identifier" {
  description = "Identifier of the replication group in ElastiCache."
  value       = aws_elasticache_replication_group.this.id
}
