# A resource whose creation takes a while: some seconds, or until the file `go` is there where one is named.

variable "name" {
  type = string
}

variable "seconds" {
  type    = number
  default = 4
}

variable "go" {
  type    = string
  default = ""
}

variable "log" {
  type    = string
  default = "/dev/null"
}

locals {
  wait = var.go == "" ? "sleep ${var.seconds}" : "until test -e ${var.go}; do sleep 0.1; done"
}

resource "terraform_data" "before" {
  input = var.name
}

resource "terraform_data" "this" {
  input = terraform_data.before.output

  provisioner "local-exec" {
    command = "echo begun >> ${var.log}; ${local.wait}; echo done >> ${var.log}"
  }
}

output "name" {
  value = terraform_data.this.output
}
