output "schedule" {
  description = "ARN of the schedule; empty for a task that runs once."
  value       = one(aws_scheduler_schedule.this[*].arn) == null ? "" : one(aws_scheduler_schedule.this[*].arn)
}

output "task_definition" {
  description = "ARN of the task definition."
  value       = module.container.task_definition
}

output "cluster" {
  description = "ARN of the cluster."
  value       = module.container.cluster_arn
}

output "log_group" {
  description = "Name of the log group."
  value       = module.container.log_group
}
