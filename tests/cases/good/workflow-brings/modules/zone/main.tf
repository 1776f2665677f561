variable "name" { type = string }
output "id" { value = "zone-${var.name}" }
