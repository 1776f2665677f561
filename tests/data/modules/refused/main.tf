# A resource that its API refuses.

variable "name" {
  type = string
}

resource "terraform_data" "this" {
  input = var.name

  provisioner "local-exec" {
    command = "echo 'QuotaExceeded: no more of these' >&2; exit 1"
  }
}

output "name" {
  value = terraform_data.this.output
}
