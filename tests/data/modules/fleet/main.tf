# Lists hosts, as a module that makes virtual machines does.

variable "size" {
  type    = number
  default = 2
}

resource "terraform_data" "this" {
  count = var.size
  input = "10.0.0.${count.index + 10}"
}

output "hosts" {
  value = [for index, machine in terraform_data.this : { name = "fleet-${index + 1}", address = machine.output, id = "i-${index}" }]
}
