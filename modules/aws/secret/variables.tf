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

variable "value" {
  description = "The secret as one text; empty: `values` are it."
  type        = string
  default     = ""
}

variable "values" {
  description = "Several secrets by name, kept as one JSON map; empty: `value` is it."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts; empty: the account's own key for Secrets Manager."
  type        = string
  default     = ""
}

variable "recovery_days" {
  description = "Days for which a removed secret can be brought back; 0: it is gone at once."
  type        = number
  default     = 0

  validation {
    condition     = var.recovery_days == 0 || var.recovery_days >= 7 && var.recovery_days <= 30
    error_message = "Secrets Manager keeps a removed secret for 7 to 30 days, or not at all (0)."
  }
}
