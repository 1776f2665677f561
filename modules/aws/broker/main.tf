# A RabbitMQ broker (Amazon MQ): encrypted at rest and on the way, not public, with one administrator.

locals {
  types = startswith(var.engine_version, "3.") ? { small = "mq.t3.micro", medium = "mq.m5.large", large = "mq.m5.xlarge" } : {
    small = "mq.m7g.medium", medium = "mq.m7g.large", large = "mq.m7g.xlarge" # what RabbitMQ 4 runs on
  }
  # 50 characters
  short      = length(var.name) <= 50 ? var.name : "${trimsuffix(substr(var.name, 0, 41), "-")}-${substr(sha256(var.name), 0, 8)}"
  vpc_id     = var.vpc_id == "" ? var.default_vpc_id : var.vpc_id
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output
  # amqps://HOST:PORT
  endpoint = regex("^[a-z+]+://(?P<host>[^:/]+):(?P<port>[0-9]+)", aws_mq_broker.this.instances[0].endpoints[0])
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move the broker.
resource "terraform_data" "subnets" {
  input = sort(data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

# Amazon MQ can't change the user of a RabbitMQ broker; the provider takes it for a change in place.
resource "terraform_data" "user" {
  input = var.username
}

resource "aws_security_group" "this" {
  name_prefix = trimprefix("${local.short}-", "sg-")
  description = "AMQP over TLS from the networks that are named"
  vpc_id      = local.vpc_id == "" ? null : local.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  ingress {
    description = "AMQP over TLS"
    from_port   = 5671
    to_port     = 5671
    protocol    = "tcp"
    cidr_blocks = var.allow_from
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_mq_broker" "this" {
  broker_name        = local.short
  engine_type        = "RabbitMQ"
  engine_version     = var.engine_version
  host_instance_type = var.cluster && var.size == "small" ? local.types["medium"] : local.types[var.size] # a cluster has no small nodes
  deployment_mode    = var.cluster ? "CLUSTER_MULTI_AZ" : "SINGLE_INSTANCE"

  publicly_accessible = false
  subnet_ids          = var.cluster ? slice(local.subnet_ids, 0, min(3, length(local.subnet_ids))) : [local.subnet_ids[0]]
  security_groups     = [aws_security_group.this.id]

  user {
    username = var.username
    password = var.password
  }

  encryption_options {
    use_aws_owned_key = var.kms_key_arn == ""
    kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
  }

  logs {
    general = true
  }

  auto_minor_version_upgrade = true
  # what was approved happens now, not in a window that AWS chooses
  apply_immediately = true

  tags = var.tags

  lifecycle {
    replace_triggered_by = [terraform_data.user]

    precondition {
      condition     = length(local.subnet_ids) > (var.cluster ? 1 : 0)
      error_message = "Amazon MQ needs a subnet, for a cluster one in each of several zones: none are given and the account has no default network. Give subnets, such as those of a network component."
    }
  }
}
