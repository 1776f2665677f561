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

variable "routes" {
  description = "Routes by path prefix: [{path, backends (one URL, or a list with one address), port, rewrite}]. Number and paths must be known when the plan is made."
  type        = any

  validation {
    condition     = can([for route in var.routes : route.backends]) && length(var.routes) > 0
    error_message = "Give a list of routes, each with its backends."
  }

  validation {
    condition     = alltrue([for route in var.routes : try(route.host, null) == null || try(route.host, "") == ""])
    error_message = "An HTTP API routes by path only: take \"host\" out, or place the gateway on hosts."
  }

  validation {
    condition     = length(distinct([for route in var.routes : trimsuffix(try(route.path, "/"), "/")])) == length(var.routes)
    error_message = "Two routes have the same path."
  }
}

variable "burst" {
  description = "Requests that may arrive at once before they are refused with 429."
  type        = number
  default     = 200
}

variable "rate" {
  description = "Requests a second, on average, before they are refused with 429."
  type        = number
  default     = 100
}

variable "log_days" {
  description = "Days for which the log of requests is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 … days."
  }
}
