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
  description = "Keep the order and deliver each message exactly once, to queues that do so too; the topic's name then ends in .fifo."
  type        = bool
  default     = false
}

variable "subscriptions" {
  description = "Queues that get what is published, by name; the names must be known when the plan is made. A filter is an attribute to the values that pass."
  type = map(object({
    queue           = string
    raw             = optional(bool, true)
    filter          = optional(map(list(string)), {})
    deadLetterQueue = optional(string, "")
  }))
  default = {}
}

variable "kms_key" {
  description = "Key of KMS (id, alias or ARN) that encrypts the messages; empty: the account's own key for SNS."
  type        = string
  default     = ""
}
