# A resource whose creation takes a while, or fails when its file is not there.

variable "name" {
  type = string
}

variable "seconds" {
  type    = number
  default = 4
}

variable "log" {
  type    = string
  default = "/dev/null"
}

resource "terraform_data" "before" {
  input = var.name
}

resource "terraform_data" "this" {
  input = terraform_data.before.output

  provisioner "local-exec" {
    command = "echo begun >> ${var.log}; sleep ${var.seconds}; echo done >> ${var.log}"
  }
}

output "name" {
  value = terraform_data.this.output
}
