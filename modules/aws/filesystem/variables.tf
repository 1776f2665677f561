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

variable "zones" {
  description = "In how many zones it can be mounted: a mount target in each of the first so many subnets. Must be known when the plan is made."
  type        = number
  default     = 2

  validation {
    condition     = var.zones >= 1 && var.zones <= 6
    error_message = "Give 1 to 6 zones."
  }
}

variable "allow_from" {
  description = "Networks (CIDR) that may mount it."
  type        = list(string)
  default     = ["10.0.0.0/8"]

  validation {
    condition     = length(var.allow_from) > 0 && alltrue([for from in var.allow_from : can(cidrhost(from, 0))])
    error_message = "Give at least one network such as 10.0.0.0/8."
  }
}

variable "vpc_id" {
  description = "Network of the mount targets; empty: the environment's, else the account's default network."
  type        = string
  default     = ""
}

variable "default_vpc_id" {
  description = "Network of the environment, used when none is given."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Subnets of that network, each in another zone; empty: the environment's, else those of the account's default network."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}

variable "backups" {
  description = "Keep daily backups."
  type        = bool
  default     = true
}

variable "archive_days" {
  description = "Days without access after which a file moves to cheaper storage; 0: never."
  type        = number
  default     = 0

  validation {
    condition     = contains([0, 1, 7, 14, 30, 60, 90, 180, 270, 365], var.archive_days)
    error_message = "Give 0, 1, 7, 14, 30, 60, 90, 180, 270 or 365 days."
  }
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the files; empty: the account's own key. Changing it replaces the file system."
  type        = string
  default     = ""
}
