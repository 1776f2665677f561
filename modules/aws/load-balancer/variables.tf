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
  description = "Routes by host and path prefix: [{host, path, port, backends: [{to, weight, port, probe, targets}]}]; `to` are addresses, none for what attaches itself, which says in `targets` what it attaches: ip or instance. Number, hosts and paths, and the number of addresses, must be known when the plan is made."
  type        = any

  validation {
    condition     = can([for route in var.routes : route.backends]) && length(var.routes) > 0
    error_message = "Give a list of routes, each with its backends."
  }

  validation {
    condition     = length(distinct([for route in var.routes : "${try(route.host, "") == null ? "" : try(route.host, "")} ${trimsuffix(try(route.path, "/"), "/")}"])) == length(var.routes)
    error_message = "Two routes have the same host and path."
  }

  validation {
    condition     = alltrue([for route in var.routes : !try(tobool(route.rewrite), false)])
    error_message = "A load balancer passes a path on as it is: take \"rewrite\" out, or use an HTTP API or a gateway on hosts."
  }
}

variable "domain" {
  description = "Host name of the routes that name none; empty: every name."
  type        = string
  default     = ""
}

variable "port" {
  description = "Port that it listens on."
  type        = number
  default     = 80
}

variable "certificate" {
  description = "ARN of the certificate, for HTTPS; empty: plain HTTP."
  type        = string
  default     = ""
}

variable "redirect_from" {
  description = "Port on which plain HTTP is sent to HTTPS; 0: none. Must be known when the plan is made."
  type        = number
  default     = 0
}

variable "drain" {
  description = "Addresses (or ADDRESS:PORT) of backends that get no new requests."
  type        = list(string)
  default     = []
}

variable "check" {
  description = "How backends are asked whether they work: {path, seconds, fails, passes}."
  type        = any
  default     = null
}

variable "health_path" {
  description = "Path that it answers with 200 itself."
  type        = string
  default     = "/healthz"
}

variable "public" {
  description = "Reached from the internet; without it, from inside the network only. A change replaces it."
  type        = bool
  default     = true
}

variable "allow_from" {
  description = "Networks (CIDR) that may connect."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "vpc_id" {
  description = "Network; empty: the environment's, else the account's default network."
  type        = string
  default     = ""
}

variable "default_vpc_id" {
  description = "Network of the environment, used when none is given."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Subnets in at least two zones of that network; empty: the environment's, else two of the account's default network."
  type        = list(string)
  default     = []
}

variable "default_subnet_ids" {
  description = "Subnets of the environment, used when none are given."
  type        = list(string)
  default     = []
}
