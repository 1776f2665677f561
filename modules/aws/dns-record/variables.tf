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

variable "record" {
  description = "Full name of the record. Changing it makes another record."
  type        = string
}

variable "type" {
  description = "Kind of record. Changing it makes another record."
  type        = string
  default     = "A"

  validation {
    condition     = contains(["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "CAA", "NS"], var.type)
    error_message = "The type must be A, AAAA, CNAME, TXT, MX, SRV, CAA or NS."
  }
}

variable "values" {
  description = "What the name stands for: addresses, names or texts. For A and AAAA also the name of a load balancer of this region, alone."
  type        = list(string)
}

variable "ttl" {
  description = "Seconds for which others may remember it."
  type        = number
  default     = 300
}

variable "zone" {
  description = "Id of the hosted zone; empty: the environment's."
  type        = string
  default     = ""
}

variable "default_zone" {
  description = "Id of the environment's hosted zone, used when none is given."
  type        = string
  default     = ""
}
