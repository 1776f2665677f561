output "id" {
  description = "Id of the network (VPC)."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Addresses of the network."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "Ids of the subnets with a route to the internet, one for each zone."
  value       = aws_subnet.public[*].id

  # whoever uses a public subnet means to be reached
  depends_on = [aws_route.internet, aws_route_table_association.public]
}

output "private_subnet_ids" {
  description = "Ids of the subnets that are not reached from the internet, one for each zone."
  value       = aws_subnet.private[*].id

  # and who uses a private one may need its way out
  depends_on = [aws_route.nat, aws_route_table_association.private]
}

output "security_group_id" {
  description = "Id of the security group whose members reach each other."
  value       = aws_security_group.this.id
}
