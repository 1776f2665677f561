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
  description = "Major version: 6 or 7 of Redis, 8 of Valkey. Only upwards."
  type        = string
  default     = "7"

  validation {
    condition     = contains(["6", "7", "8"], var.engine_version)
    error_message = "The version must be 6, 7 or 8."
  }
}

variable "memory_mb" {
  description = "MiB for data; the smallest node that has as much is taken."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 1 && var.memory_mb <= 430000
    error_message = "Give up to 430000 MiB."
  }
}

variable "eviction" {
  description = "What leaves when the memory is full, in the words of Redis' maxmemory-policy."
  type        = string
  default     = "allkeys-lru"

  validation {
    condition     = contains(["noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"], var.eviction)
    error_message = "The eviction must be one of Redis' own maxmemory-policy."
  }
}

variable "password" {
  description = "What clients authenticate with: 16 to 128 letters, digits and !&#$^<>-."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9!&#$^<>-]{16,128}$", var.password))
    error_message = "The password must have 16 to 128 letters, digits and !&#$^<>-."
  }
}

variable "multi_az" {
  description = "Keep a copy in another zone, which takes over."
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
  description = "Subnets of that network; empty: the environment's, else those of the account's default network."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}

variable "backup_days" {
  description = "Days for which a daily snapshot is kept; 0: there is none."
  type        = number
  default     = 0

  validation {
    condition     = var.backup_days >= 0 && var.backup_days <= 35
    error_message = "Give 0 to 35 days."
  }
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the data; empty: the account's own key. Changing it replaces the cache."
  type        = string
  default     = ""
}
