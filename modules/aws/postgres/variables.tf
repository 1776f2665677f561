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

variable "engine_version" {
  description = "Major version of PostgreSQL; minor versions follow by themselves. Only upwards."
  type        = string
  default     = "15"

  validation {
    condition     = can(regex("^1[3-7]$", var.engine_version))
    error_message = "The version must be 13, 14, 15, 16 or 17."
  }
}

variable "allocated_storage" {
  description = "Disk in GiB, at least 20 on RDS (less is rounded up); it only grows."
  type        = number
  default     = 20

  validation {
    condition     = var.allocated_storage >= 1 && var.allocated_storage <= 65536
    error_message = "Give up to 65536 GiB."
  }
}

variable "database" {
  description = "Name of the database. Changing it replaces the server."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database))
    error_message = "A database's name has lower-case letters, digits and underscores."
  }
}

variable "username" {
  description = "Owner of the database. Changing it replaces the server."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.username)) && !contains(["admin", "postgres", "rdsadmin"], var.username)
    error_message = "A user's name has lower-case letters, digits and underscores; admin, postgres and rdsadmin are AWS's own."
  }
}

variable "size" {
  description = "small, medium or large: about 1, 4 or 16 GiB of memory."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The size must be small, medium or large."
  }
}

variable "multi_az" {
  description = "Keep a standby in another zone."
  type        = bool
  default     = false
}

variable "allow_from" {
  description = "Networks (CIDR) that may connect."
  type        = list(string)
  default     = ["10.0.0.0/8"]

  validation {
    condition     = length(var.allow_from) > 0 && alltrue([for from in var.allow_from : can(cidrhost(from, 0))])
    error_message = "Give at least one network such as 10.0.0.0/8."
  }
}

variable "vpc_id" {
  description = "Network of the server; empty: the environment's, else the account's default network."
  type        = string
  default     = ""
}

variable "default_vpc_id" {
  description = "Network of the environment, used when none is given."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Subnets in at least two zones, of that network; empty: the environment's, else those of the account's default network."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}

variable "backup_days" {
  description = "Days for which automatic backups are kept; 0: no backups."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 0 && var.backup_days <= 35
    error_message = "Give 0 to 35 days."
  }
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the disk; empty: the account's own key for RDS. Changing it replaces the server."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "AWS refuses to delete the server until this is switched off."
  type        = bool
  default     = false
}

variable "final_snapshot" {
  description = "Take a snapshot when the server is destroyed; it stays in the account."
  type        = bool
  default     = false
}
