# An application load balancer: routes by host and path to addresses, and to services that attach themselves.

locals {
  # 32 characters, and "internal-" before them is AWS's own
  named      = trimprefix(var.name, "internal-")
  short      = replace(length(local.named) <= 32 ? local.named : "${trimsuffix(substr(local.named, 0, 23), "-")}-${substr(sha256(var.name), 0, 8)}", "/-+/", "-")
  vpc_id     = var.vpc_id == "" ? var.default_vpc_id : var.vpc_id
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output

  routes = { for index, route in var.routes : "${coalesce(try(route.host, null), var.domain, "*")}${try(route.path, "/")}" => {
    index = index
    host  = try(coalesce(try(route.host, null), var.domain), "")
    path  = trimsuffix(try(route.path, "/"), "/")
    # no try() around addresses: it would make unknown how many there are
    parts = [for part in route.backends : {
      addresses = flatten([part.to])
      weight    = try(part.weight, 1)
      port      = coalesce(try(part.port, null), try(route.port, null), 80)
      probe     = try(part.probe.httpGet.path, "")
      asked_at  = try(var.check.path, null) == null ? try(coalesce(part.probe.httpGet.port), null) : null
      targets   = try(part.targets, "ip")
    }]
  } }

  # A named host before all others, a longer path before a shorter one. Routes with equal rank are told apart by their order, so that
  # a new route moves few of the others: a priority is taken only once, also for a moment.
  ranks      = { for key, route in local.routes : key => (route.host == "" ? 20000 : 100) + (150 - min(length(route.path), 150)) * 100 }
  priorities = { for key, rank in local.ranks : key => rank + index(sort([for other, same in local.ranks : other if same == rank]), key) }

  groups  = merge([for key, route in local.routes : { for number, part in route.parts : "${key} ${number}" => merge(part, { route = key }) }]...)
  targets = merge([for key, group in local.groups : { for number, address in group.addresses : "${key} ${number}" => { group = key, address = address } if length(var.drain) == 0 ? true : !contains(var.drain, address) && !contains(var.drain, "${address}:${group.port}") }]...)
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move the balancer.
resource "terraform_data" "subnets" {
  input = try(slice(sort(data.aws_subnets.default.ids), 0, 2), data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_security_group" "this" {
  name_prefix = trimprefix("${local.short}-", "sg-")
  description = "HTTP from the networks that are named"
  vpc_id      = local.vpc_id == "" ? null : local.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  dynamic "ingress" {
    for_each = toset(var.redirect_from == 0 ? [var.port] : [var.redirect_from, var.port])

    content {
      description = "Port ${ingress.value}"
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = var.allow_from
    }
  }

  egress {
    description = "To the backends"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb" "this" {
  name                       = local.short
  load_balancer_type         = "application"
  internal                   = !var.public
  security_groups            = [aws_security_group.this.id]
  subnets                    = local.subnet_ids
  drop_invalid_header_fields = true
  tags                       = var.tags

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) > 1
      error_message = "A load balancer needs subnets in two zones: none are given and the account has no default network. Give subnets, such as those of a network component."
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = local.groups

  # a name is free again only when the group is gone, and a rule needs the next one before that
  name_prefix          = "rt-"
  target_type          = each.value.targets
  protocol             = "HTTP"
  port                 = each.value.port
  vpc_id               = aws_security_group.this.vpc_id
  deregistration_delay = 30
  tags                 = merge(var.tags, { Name = substr(replace("${var.name} ${each.key}", "/[^a-zA-Z0-9 _.:\\/=+@-]/", ""), 0, 256) })

  health_check {
    port                = each.value.asked_at == null || each.value.asked_at == each.value.port ? "traffic-port" : each.value.asked_at
    path                = try(coalesce(try(var.check.path, null), each.value.probe), "/")
    matcher             = try(coalesce(try(var.check.path, null), each.value.probe), "") == "" ? "200-499" : "200-399"
    interval            = max(5, try(var.check.seconds, 10))
    timeout             = max(2, min(5, try(var.check.seconds, 10) - 1))
    healthy_threshold   = max(2, min(10, try(var.check.passes, 2)))
    unhealthy_threshold = max(2, min(10, try(var.check.fails, 3)))
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = alltrue([for address in each.value.addresses : can(regex("^[0-9.]+$|^[0-9a-f:]+$", address))])
      error_message = "A load balancer passes a route on to addresses of the network: name hosts or a service, no URL and no name."
    }
  }
}

resource "aws_lb_target_group_attachment" "this" {
  for_each = local.targets

  target_group_arn = aws_lb_target_group.this[each.value.group].arn
  target_id        = each.value.address
}

# ------------------------------------------------------------------ what it listens on
resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = var.port
  protocol          = var.certificate == "" ? "HTTP" : "HTTPS"
  certificate_arn   = var.certificate == "" ? null : var.certificate
  ssl_policy        = var.certificate == "" ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"
  tags              = var.tags

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "no route"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener" "redirect" {
  count = var.redirect_from == 0 ? 0 : 1

  load_balancer_arn = aws_lb.this.arn
  port              = var.redirect_from
  protocol          = "HTTP"
  tags              = var.tags

  default_action {
    type = "redirect"

    redirect {
      port        = tostring(var.port)
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }

  lifecycle {
    precondition {
      condition     = var.certificate != "" && var.port != var.redirect_from
      error_message = "Only HTTPS can be redirected to, on another port: give a certificate and the port 443."
    }
  }
}

resource "aws_lb_listener_rule" "health" {
  listener_arn = aws_lb_listener.this.arn
  priority     = 1
  tags         = var.tags

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "ok"
      status_code  = "200"
    }
  }

  condition {
    path_pattern {
      values = [var.health_path]
    }
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each = local.routes

  listener_arn = aws_lb_listener.this.arn
  priority     = local.priorities[each.key]
  tags         = merge(var.tags, { Name = substr(replace("${var.name} ${each.key}", "/[^a-zA-Z0-9 _.:\\/=+@-]/", ""), 0, 256) })

  action {
    type             = "forward"
    target_group_arn = length(each.value.parts) == 1 ? aws_lb_target_group.this["${each.key} 0"].arn : null

    dynamic "forward" {
      for_each = length(each.value.parts) == 1 ? [] : [each.value.parts]

      content {
        dynamic "target_group" {
          for_each = forward.value

          content {
            arn    = aws_lb_target_group.this["${each.key} ${target_group.key}"].arn
            weight = target_group.value.weight
          }
        }
      }
    }
  }

  condition {
    path_pattern {
      values = each.value.path == "" ? ["/*"] : [each.value.path, "${each.value.path}/*"]
    }
  }

  dynamic "condition" {
    for_each = each.value.host == "" ? [] : [each.value.host]

    content {
      host_header {
        values = [condition.value]
      }
    }
  }
}
