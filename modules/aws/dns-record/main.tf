# A record in a hosted zone of Route 53.

locals {
  zone = var.zone == "" ? var.default_zone : var.zone

  # the addresses of a load balancer change, so its name can stand for them in this one way only
  balancer = contains(["A", "AAAA"], var.type) && length(var.values) == 1 && endswith(try(var.values[0], ""), ".elb.amazonaws.com")

  # one string of a text has at most 255 characters
  texts = [for value in var.values : var.type == "TXT" ? replace(value, "/(.{255})/", "$1\"\"") : value]
}

data "aws_lb_hosted_zone_id" "this" {}

resource "aws_route53_record" "this" {
  zone_id = local.zone
  name    = var.record
  type    = var.type
  ttl     = local.balancer ? null : var.ttl
  records = local.balancer ? null : local.texts

  dynamic "alias" {
    for_each = local.balancer ? var.values : []

    content {
      name                   = alias.value
      zone_id                = data.aws_lb_hosted_zone_id.this.id
      evaluate_target_health = true
    }
  }

  lifecycle {
    precondition {
      condition     = local.zone != ""
      error_message = "No hosted zone is given: give the zone, or dns_zone in the vars of the target."
    }
  }
}
