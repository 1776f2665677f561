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

variable "hash_key" {
  description = "Attribute that is the partition key."
  type        = string
  default     = "id"

  validation {
    condition     = length(var.hash_key) >= 1 && length(var.hash_key) <= 255
    error_message = "A key's name has 1 to 255 characters."
  }
}

variable "hash_key_type" {
  description = "Type of the partition key: string, number or binary."
  type        = string
  default     = "string"

  validation {
    condition     = contains(["string", "number", "binary"], var.hash_key_type)
    error_message = "The type must be string, number or binary."
  }
}

variable "range_key" {
  description = "Attribute that is the sort key; empty: none. Must be known when the plan is made."
  type        = string
  default     = ""
}

variable "range_key_type" {
  description = "Type of the sort key: string, number or binary."
  type        = string
  default     = "string"

  validation {
    condition     = contains(["string", "number", "binary"], var.range_key_type)
    error_message = "The type must be string, number or binary."
  }
}

variable "ttl_attribute" {
  description = "Attribute with the time (seconds since 1970) after which an item is deleted; empty: items stay. Must be known when the plan is made."
  type        = string
  default     = ""
}

variable "point_in_time_recovery" {
  description = "Keep backups that restore any second of the last 35 days."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the table; empty: the account's own key for DynamoDB."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "AWS refuses to delete the table until this is switched off."
  type        = bool
  default     = false
}
