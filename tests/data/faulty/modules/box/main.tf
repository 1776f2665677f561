variable "size" {
  type = number

  validation {
    condition     = var.size < 100
    error_message = "A box holds less than 100."
  }
}

resource "terraform_data" "box" {
  input = var.size
}

output "id" {
  value = terraform_data.box.id
}
