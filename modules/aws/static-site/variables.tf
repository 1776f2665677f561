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

variable "files" {
  description = "The files: their names to where they lie. Must be known when the plan is made."
  type        = map(string)
}

variable "index" {
  description = "File that answers for a folder."
  type        = string
  default     = "index.html"
}

variable "error_page" {
  description = "File that answers, with 404, for what is not there; empty: AWS's own page."
  type        = string
  default     = ""
}

variable "domain" {
  description = "Host name that it answers for, which is then the bucket's name too; empty: the one that AWS gives. Changing it replaces the bucket."
  type        = string
  default     = ""
}

variable "cache_seconds" {
  description = "Seconds for which browsers may keep a file; 0: they ask again each time."
  type        = number
  default     = 0
}
