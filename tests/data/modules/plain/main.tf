# A resource that needs no cloud.

variable "name" {
  type = string

  validation {
    condition     = length(var.name) < 40
    error_message = "The name must be shorter than 40 characters."
  }
}

variable "size" {
  type    = number
  default = 1
}

variable "settings" {
  type    = map(string)
  default = {}
}

variable "peers" {
  type    = list(string)
  default = []
}

variable "password" {
  type      = string
  default   = ""
  sensitive = true
}

resource "terraform_data" "this" {
  input            = { name = var.name, size = var.size, settings = var.settings, peers = var.peers, password = var.password }
  triggers_replace = [var.name]
}

output "name" {
  value = terraform_data.this.output.name
}

output "size" {
  value = var.size
}

output "peers" {
  value = terraform_data.this.output.peers
}

output "label" {
  value = "${terraform_data.this.output.name}-${var.size}"
}

output "arn" {
  value = "arn:aws:secretsmanager:us-east-1:1:secret:${terraform_data.this.output.name}"
}

output "password" {
  value     = var.password
  sensitive = true
}
