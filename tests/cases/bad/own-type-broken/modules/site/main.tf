variable "name" {
  type = string
}

variable "size" {
  default = 1
}

output "url" {
  value = var.name
}
