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

variable "instances" {
  description = "Number of machines. Must be known when the plan is made."
  type        = number
  default     = 1

  validation {
    condition     = var.instances >= 1 && var.instances <= 500 && floor(var.instances) == var.instances
    error_message = "Give 1 to 500 machines."
  }
}

variable "size" {
  description = "small, medium or large: about 2, 8 or 32 GiB of memory. Changing it restarts the machines."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The size must be small, medium or large."
  }
}

variable "instance_type" {
  description = "Instance type of EC2, instead of the one that the size stands for; empty: by size."
  type        = string
  default     = ""
}

variable "ami" {
  description = "Image to start from (ami-…); empty: the newest image of Debian 12 when the fleet is made, kept from then on. Changing it replaces the machines."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^ami-[0-9a-z]+$", var.ami))
    error_message = "An image's id looks like ami-0abc1234."
  }
}

variable "subnet_ids" {
  description = "Subnets over which the machines are spread; empty: those of the environment, else the account's default network."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the machines; empty: the default group of their network."
  type        = list(string)
  default     = []
}

variable "private_ips" {
  description = "Fixed private address of each machine, in order; empty: AWS chooses."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.private_ips : can(cidrhost("${address}/32", 0))])
    error_message = "Give addresses such as 10.0.128.10."
  }
}

variable "public" {
  description = "Give each machine a fixed public address, and name that one as its address. Must be known when the plan is made."
  type        = bool
  default     = false
}

variable "disk_gb" {
  description = "Size of the root disk in GiB; it only grows."
  type        = number
  default     = 20

  validation {
    condition     = var.disk_gb >= 8 && var.disk_gb <= 16384
    error_message = "Give 8 to 16384 GiB."
  }
}

variable "key_name" {
  description = "Name of a key pair in the account whose holder may log in; empty: none. Changing it replaces the machines."
  type        = string
  default     = ""
}

variable "public_key" {
  description = "Public SSH key of who may log in, made into a key pair; empty: none. Must be known when the plan is made. Changing it replaces the machines."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^(ssh-ed25519|ssh-rsa|ecdsa-sha2-[a-z0-9-]+) ", var.public_key))
    error_message = "Give the text of a public key: ssh-ed25519 AAAA… or ssh-rsa AAAA…"
  }
}

variable "user_data" {
  description = "Script or cloud-init document for the first boot; a later change waits for new machines."
  type        = string
  default     = ""
}

variable "instance_profile" {
  description = "Name of an instance profile (role) for the machines; empty: none."
  type        = string
  default     = ""
}

variable "termination_protection" {
  description = "AWS refuses to end the machines until this is switched off."
  type        = bool
  default     = false
}
