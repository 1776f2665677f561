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

variable "image" {
  description = "Container image, by its name in a registry."
  type        = string

  validation {
    condition     = var.image != "" && !can(regex("\\.(tar|tgz|tar\\.gz|oci)$", var.image))
    error_message = "Fargate pulls its image from a registry: give the name of one there; an archive of a file is for hosts."
  }
}

variable "image_digest" {
  description = "Digest of the image (sha256:…), which counts in place of its tag; empty: what the tag means when it is pulled."
  type        = string
  default     = ""
}

variable "image_login" {
  description = "Login to the image's registry: {auth: CONTENT OF AN auth.json}; without content the image is pulled by whoever asks."
  type        = map(string)
  default     = {}
}

variable "secret_image_login" {
  description = "The same where it holds a secret. It goes through Secrets Manager; whether there is one must be known when the plan is made."
  type        = map(string)
  default     = {}
}

variable "command" {
  description = "Program and arguments in place of the image's entry point; empty: the image's own."
  type        = list(string)
  default     = []
}

variable "arguments" {
  description = "Further arguments; empty: the image's own."
  type        = list(string)
  default     = []
}

variable "env" {
  description = "Environment variables in clear."
  type        = map(string)
  default     = {}
}

variable "secret_env" {
  description = "Environment variables that hold a secret: they go through Secrets Manager. Their names must be known when the plan is made."
  type        = map(string)
  default     = {}
}

variable "cpu" {
  description = "CPUs of one copy: 0.5, or 500m; empty: 0.25. The next size that Fargate has is taken."
  type        = string
  default     = ""
}

variable "memory" {
  description = "Memory of one copy: 512Mi, 1G; empty: 512Mi. The next size that Fargate has is taken."
  type        = string
  default     = ""
}

variable "limit" {
  description = "Another form of the two: {cpu, memory}; takes precedence."
  type        = any
  default     = {}
}

variable "mounts" {
  description = "What is mounted: {pvc: [{name, mountPath, claimName}], emptyDir: [{name, mountPath}]}. Names and number must be known when the plan is made."
  type        = any
  default     = {}
}

variable "volumes" {
  description = "An older form of the mounts: [{name, mountPath, type, claimName}]."
  type        = any
  default     = []
}

variable "user" {
  description = "User in the container; empty: the image's own."
  type        = string
  default     = ""
}

variable "labels" {
  description = "Labels of the container."
  type        = map(string)
  default     = {}
}

variable "cluster" {
  description = "Name or ARN of the ECS cluster; empty: one of its own. Must be known when the plan is made."
  type        = string
  default     = ""
}

variable "vpc_id" {
  description = "Network; empty: the account's default network."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Subnets of that network, one for each zone; empty: two of the account's default network, with public addresses. Their number must be known when the plan is made where data is kept."
  type        = list(string)
  default     = []
}

variable "task_role" {
  description = "ARN of the role that the program has; empty: none."
  type        = string
  default     = ""
}

variable "file_system" {
  description = "Id of an EFS file system for what outlives the component; empty: one of its own where that is asked for. Must be known when the plan is made."
  type        = string
  default     = ""
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 … days."
  }
}

variable "ports" {
  description = "Ports that it listens on: [{port, containerPort, protocol, expose}]."
  type        = any
  default     = []
}

variable "ingress" {
  description = "Who may connect to which port: [{port, protocol, networks, security_groups}]."
  type = list(object({
    port            = number
    protocol        = string
    networks        = list(string)
    security_groups = list(string)
  }))
  default = []
}

variable "liveness" {
  description = "How ECS asks whether it still works: {exec: {command}, periodSeconds …}; a failing container is replaced. Only a command is looked at."
  type        = any
  default     = null
}

variable "restart" {
  description = "Start the program again, in the same task, when it ends with another code than 0."
  type        = bool
  default     = false
}
