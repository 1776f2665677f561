variable "size" { type = number }
variable "command" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "box" {
  input = { size = var.size, password = var.password }
  provisioner "local-exec" { command = var.command }
}
output "id" { value = terraform_data.box.id }
