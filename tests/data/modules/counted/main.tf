# Its input decides how many resources there are, so it must be known when the plan is made.

variable "names" {
  type = list(string)
}

resource "terraform_data" "this" {
  count = length(var.names)
  input = var.names[count.index]
}

output "names" {
  value = terraform_data.this[*].output
}
