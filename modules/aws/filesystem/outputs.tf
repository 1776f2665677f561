output "address" {
  description = "Host name to mount from; in each zone it leads to the mount target there."
  value       = aws_efs_file_system.this.dns_name

  # it can be mounted once there is somewhere to mount it from
  depends_on = [aws_efs_mount_target.this]
}

output "arn" {
  description = "ARN of the file system."
  value       = aws_efs_file_system.this.arn
}

output "id" {
  description = "Id of the file system."
  value       = aws_efs_file_system.this.id
}
