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

variable "domain" {
  description = "Host name that it is for. Must be known when the plan is made; a change makes another certificate."
  type        = string
}

variable "alternative_names" {
  description = "Further host names. Must be known when the plan is made."
  type        = list(string)
  default     = []
}

variable "given" {
  description = "The certificate and its key are given and are imported; without it, AWS issues one. Must be known when the plan is made."
  type        = bool
  default     = false
}

variable "certificate" {
  description = "The given certificate with its chain (PEM)."
  type        = string
  default     = ""
}

variable "private_key" {
  description = "The key of the given certificate (PEM)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "zone" {
  description = "Hosted zone in which the names of an issued certificate are proved; empty: the environment's."
  type        = string
  default     = ""
}

variable "default_zone" {
  description = "Hosted zone of the environment, used when none is given."
  type        = string
  default     = ""
}
