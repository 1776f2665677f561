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
  description = "Version of RabbitMQ, such as 3.13; patches follow by themselves. Only upwards."
  type        = string
  default     = "3.13"

  validation {
    condition     = can(regex("^[0-9]+[.][0-9]+$", var.engine_version))
    error_message = "Give a version such as 3.13."
  }
}

variable "size" {
  description = "small, medium or large: about 1, 8 or 16 GiB of memory."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The size must be small, medium or large."
  }
}

variable "username" {
  description = "Administrator of the broker. Changing it replaces the broker."
  type        = string
  default     = "app"

  validation {
    condition     = can(regex("^[A-Za-z0-9_.~-]{2,100}$", var.username)) && var.username != "guest"
    error_message = "A user's name has 2 to 100 letters, digits and _.~-; guest is RabbitMQ's own."
  }
}

variable "password" {
  description = "Its password: 12 to 250 characters without comma, colon, equals sign and space. Changing it replaces the broker."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[^,:= ]{12,250}$", var.password))
    error_message = "The password must have 12 to 250 characters without comma, colon, equals sign and space."
  }
}

variable "cluster" {
  description = "Three nodes in three zones instead of one. Changing it replaces the broker."
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
  description = "Subnets of that network; empty: the environment's, else those of the account's default network. Changing them replaces the broker."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the messages; empty: the account's own key. Changing it replaces the broker."
  type        = string
  default     = ""
}
