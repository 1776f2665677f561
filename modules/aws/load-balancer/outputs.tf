output "url" {
  description = "URL of the gateway, without a slash at the end."
  value       = "${var.certificate == "" ? "http" : "https"}://${var.domain == "" ? aws_lb.this.dns_name : var.domain}${var.port == (var.certificate == "" ? 80 : 443) ? "" : ":${var.port}"}"

  # without its rules it answers 404
  depends_on = [aws_lb_listener_rule.this, aws_lb_target_group_attachment.this]
}

output "host" {
  description = "Host name of the load balancer."
  value       = aws_lb.this.dns_name
  depends_on  = [aws_lb_listener_rule.this, aws_lb_target_group_attachment.this]
}

output "attachments" {
  description = "For each route, in order, for each part of it, what attaches itself needs to know: {target_group, security_group, network, port, asked_at}."
  value = [for number in range(length(var.routes)) : one([for key, route in local.routes : [for place, part in route.parts : {
    target_group   = aws_lb_target_group.this["${key} ${place}"].arn
    security_group = aws_security_group.this.id
    network        = aws_security_group.this.vpc_id
    port           = part.port
    asked_at       = coalesce(part.asked_at, part.port)
  }] if route.index == number])]

  # a target group is taken only once a load balancer has it
  depends_on = [aws_lb_listener_rule.this]
}
