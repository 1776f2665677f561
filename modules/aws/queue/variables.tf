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

variable "fifo" {
  description = "Keep the order and deliver each message exactly once; the queue's name then ends in .fifo."
  type        = bool
  default     = false
}

variable "visibility_seconds" {
  description = "Seconds for which a message that was received is hidden from other receivers."
  type        = number
  default     = 30

  validation {
    condition     = var.visibility_seconds >= 0 && var.visibility_seconds <= 43200
    error_message = "Give 0 to 43200 seconds."
  }
}

variable "retention_seconds" {
  description = "Seconds for which a message that nobody deletes is kept."
  type        = number
  default     = 345600

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 1209600
    error_message = "Give 60 to 1209600 seconds (14 days)."
  }
}

variable "dead_letter_after" {
  description = "Number of receives after which a message goes to the dead-letter queue; 0: there is no such queue. Must be known when the plan is made."
  type        = number
  default     = 0

  validation {
    condition     = var.dead_letter_after >= 0 && var.dead_letter_after <= 1000
    error_message = "Give 0 to 1000 receives."
  }
}

variable "topics" {
  description = "Names of topics of this account that may send to the queue; * stands for anything."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "Key of KMS that encrypts the messages; empty: the key of SQS."
  type        = string
  default     = ""
}
