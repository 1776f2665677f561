variable "name" {
  description = "APPLICATION-COMPONENT; the names of all resources derive from it, shortened with a digest where AWS allows less."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]*[a-z0-9]$", var.name))
    error_message = "The name must be of lower-case letters, digits and hyphens, with none at an end."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}

variable "artifact" {
  description = "Path of a zip archive with the program; at the most 50 MB."
  type        = string
}

variable "handler" {
  description = "What is called, as the runtime names it."
  type        = string
}

variable "runtime" {
  description = "Language and version, such as python3.12 or provided.al2023."
  type        = string
  default     = "python3.12"
}

variable "architecture" {
  description = "x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }
}

variable "environment" {
  description = "Environment variables: a map, or a list of {name, value}."
  type        = any
  default     = {}
}

variable "memory_mb" {
  description = "MiB of memory; CPU grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Give 128 to 10240 MiB."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which a call is broken off."
  type        = number
  default     = 30

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Give 1 to 900 seconds."
  }
}

variable "concurrency" {
  description = "Calls at one time that are kept for it and that it may not exceed; -1: as the account allows."
  type        = number
  default     = -1
}

variable "queues" {
  description = "ARNs of queues whose messages it is called with; their number must be known when the plan is made."
  type        = list(string)
  default     = []
}

variable "batch_size" {
  description = "Messages of a queue in one call."
  type        = number
  default     = 10

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10
    error_message = "Give 1 to 10 messages."
  }
}

variable "role" {
  description = "ARN of the role that it runs as; empty: its own."
  type        = string
  default     = ""
}

variable "allow" {
  description = "What its own role may do besides writing its log and taking from its queues."
  type = list(object({
    actions   = list(string)
    resources = list(string)
  }))
  default = []
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
  default     = 30
}
