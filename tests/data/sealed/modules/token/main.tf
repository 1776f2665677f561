variable "seed" {
  type        = string
  description = "What it is made of."
  sensitive   = true
}

resource "terraform_data" "this" {
  input = { value = var.seed, parts = { user = "me", password = "${var.seed}-password" } }
}

output "value" {
  description = "All of it."
  value       = terraform_data.this.output.value
  sensitive   = true
}

output "parts" {
  description = "A structure."
  value       = terraform_data.this.output.parts
  sensitive   = true
}
