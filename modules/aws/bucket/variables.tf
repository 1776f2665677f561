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

variable "bucket_name" {
  description = "Exact name, unique among all accounts of AWS; empty: the name and a unique suffix."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "versioned" {
  description = "Keep older versions of objects; switching it off later suspends versioning."
  type        = bool
  default     = true
}

variable "noncurrent_days" {
  description = "Days after which an older version of an object is deleted; 0: never. Must be known when the plan is made."
  type        = number
  default     = 0

  validation {
    condition     = var.noncurrent_days >= 0 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "Give a whole number of days, 0 or more."
  }
}

variable "expire_days" {
  description = "Days after which an object is deleted; 0: never. Must be known when the plan is made."
  type        = number
  default     = 0

  validation {
    condition     = var.expire_days >= 0 && floor(var.expire_days) == var.expire_days
    error_message = "Give a whole number of days, 0 or more."
  }
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the objects; empty: the key of S3 (AES-256)."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Delete all objects and their versions when the bucket is destroyed; without it only an empty bucket can be destroyed."
  type        = bool
  default     = false
}
