variable "words" {
  type        = list(string)
  description = "What is joined"
}

output "joined" {
  value = terraform_data.words.output
}

resource "terraform_data" "words" {
  input = join("-", var.words)
}
