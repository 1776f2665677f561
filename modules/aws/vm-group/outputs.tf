output "group" {
  description = "Name of the autoscaling group."
  value       = aws_autoscaling_group.this.name
}

output "template" {
  description = "Id of the launch template."
  value       = aws_launch_template.this.id
}
