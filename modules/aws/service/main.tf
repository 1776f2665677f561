# A service of containers on ECS (Fargate): as many copies as asked for, replaced one after the other when something changes.

locals {
  private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
  short   = replace(length(var.name) <= 50 ? var.name : "${trimsuffix(substr(var.name, 0, 41), "-")}-${substr(sha256(var.name), 0, 8)}", "/-+/", "-")
  ingress = concat(
    [for port in var.ports : {
      port     = port.port, protocol = lower(try(port.protocol, "TCP")), security_groups = []
      networks = try(port.expose, false) ? distinct(concat(local.private, var.allow_from)) : var.allow_from
    } if try(port.expose, false) || length(var.allow_from) > 0],
    flatten([for attachment in var.attachments : [for port in distinct([attachment.port, try(attachment.asked_at, attachment.port)]) : {
      port = port, protocol = "tcp", networks = [], security_groups = [attachment.security_group]
    }]]),
  )
}

module "container" {
  source = "../container"

  name               = var.name
  tags               = var.tags
  image              = var.image
  image_digest       = var.image_digest
  image_login        = var.image_login
  secret_image_login = var.secret_image_login
  command            = var.command
  arguments          = var.arguments
  env                = var.env
  secret_env         = var.secret_env
  cpu                = var.cpu
  memory             = var.memory
  limit              = var.limit
  mounts             = var.mounts
  volumes            = var.volumes
  user               = var.user
  labels             = var.labels
  cluster            = var.cluster
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  task_role          = var.task_role
  file_system        = var.file_system
  log_days           = var.log_days
  ports              = var.ports
  ingress            = local.ingress
  liveness           = var.liveness
}

# ------------------------------------------------------------------ its name in the network
resource "aws_service_discovery_private_dns_namespace" "this" {
  count = length(var.ports) > 0 ? 1 : 0

  name        = "${local.short}.internal"
  description = "Name of ${var.name}"
  vpc         = module.container.vpc_id
  tags        = var.tags
}

resource "aws_service_discovery_service" "this" {
  count = length(var.ports) > 0 ? 1 : 0

  name          = "service"
  force_destroy = true
  tags          = var.tags

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.this[0].id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

# ------------------------------------------------------------------ the copies
resource "aws_ecs_service" "this" {
  name                    = var.name
  cluster                 = module.container.cluster
  task_definition         = module.container.task_definition
  desired_count           = var.replicas
  launch_type             = "FARGATE"
  propagate_tags          = "SERVICE"
  enable_ecs_managed_tags = true
  tags                    = var.tags

  # a delivery ends when the copies work, and goes back to the last ones that did when they do not
  wait_for_steady_state              = true
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = length(var.attachments) > 0 ? max(30, try(var.readiness.initialDelaySeconds, 0)) : null

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = module.container.subnet_ids
    security_groups  = [module.container.security_group]
    assign_public_ip = module.container.public
  }

  dynamic "load_balancer" {
    for_each = var.attachments

    content {
      target_group_arn = load_balancer.value.target_group
      container_name   = "main"
      container_port   = load_balancer.value.port
    }
  }

  dynamic "service_registries" {
    for_each = aws_service_discovery_service.this

    content {
      registry_arn = service_registries.value.arn
    }
  }
}
