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

variable "cidr" {
  description = "Addresses of the network, from /16 to /24; each subnet gets a sixteenth of them. Changing it replaces the network."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 15)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 32) <= 24
    error_message = "Give a network such as 10.0.0.0/16, from /16 to /24."
  }
}

variable "zones" {
  description = "Number of availability zones, each with a public and a private subnet. Must be known when the plan is made."
  type        = number
  default     = 2

  validation {
    condition     = contains([1, 2, 3], var.zones)
    error_message = "Give 1, 2 or 3 zones."
  }
}

variable "nat" {
  description = "Let machines in private subnets reach the internet, through one NAT gateway (which costs by the hour). Must be known when the plan is made."
  type        = bool
  default     = false
}

variable "allow" {
  description = "Ports that members of the network's security group accept from outside of it."
  type = list(object({
    port = number
    from = list(string)
  }))
  default = []

  validation {
    condition     = alltrue([for rule in var.allow : rule.port >= 1 && rule.port <= 65535])
    error_message = "A port is a number from 1 to 65535."
  }

  validation {
    condition     = alltrue(flatten([for rule in var.allow : [for from in rule.from : can(cidrhost(from, 0))]]))
    error_message = "\"from\" is a list of networks such as 203.0.113.0/24."
  }
}
