locals {
  addresses = var.public ? aws_eip.this[*].public_ip : aws_network_interface.this[*].private_ip
}

output "hosts" {
  description = "The machines: name, address and instance id."
  value = [for index, machine in aws_instance.this : {
    name    = "${var.name}-${index + 1}"
    address = local.addresses[index]
    id      = machine.id
  }]
}

output "addresses" {
  description = "Addresses of the machines: the public ones where they have such, else the private ones."
  # not before the machines are there
  value      = local.addresses
  depends_on = [aws_instance.this]
}

output "private_addresses" {
  description = "Private addresses of the machines."
  value       = aws_network_interface.this[*].private_ip
  depends_on  = [aws_instance.this]
}

output "ids" {
  description = "Instance ids of the machines."
  value       = aws_instance.this[*].id
}

output "address" {
  description = "Address of the first machine."
  value       = local.addresses[0]
  depends_on  = [aws_instance.this]
}
