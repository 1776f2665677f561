# A Redis cache (ElastiCache): encrypted at rest and on the way, with a password, one node or one in each of two zones.

locals {
  # 40 characters
  named      = can(regex("^[a-z]", var.name)) ? var.name : "p-${var.name}" # a letter first
  short      = length(local.named) <= 40 ? local.named : "${trimsuffix(substr(local.named, 0, 31), "-")}-${substr(sha256(var.name), 0, 8)}"
  identifier = replace(local.short, "/-+/", "-")
  vpc_id     = var.vpc_id == "" ? var.default_vpc_id : var.vpc_id
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output

  versions = {
    "6" = { engine = "redis", version = "6.2", family = "redis6.x" }
    "7" = { engine = "redis", version = "7.1", family = "redis7" }
    "8" = { engine = "valkey", version = "8.0", family = "valkey8" }
  }
  version = local.versions[var.engine_version]

  # MiB for data of each node type, smallest first
  nodes = [
    { type = "cache.t4g.micro", memory = 512 }, { type = "cache.t4g.small", memory = 1402 }, { type = "cache.t4g.medium", memory = 3164 },
    { type = "cache.m7g.large", memory = 6533 }, { type = "cache.r7g.large", memory = 13383 }, { type = "cache.r7g.xlarge", memory = 26951 },
    { type = "cache.r7g.2xlarge", memory = 54087 }, { type = "cache.r7g.4xlarge", memory = 108370 }, { type = "cache.r7g.8xlarge", memory = 216003 },
    { type = "cache.r7g.16xlarge", memory = 430000 },
  ]
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move the cache.
resource "terraform_data" "subnets" {
  input = sort(data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_elasticache_subnet_group" "this" {
  name        = local.identifier
  description = "Subnets of ${var.name}"
  subnet_ids  = local.subnet_ids
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) > (var.multi_az ? 1 : 0)
      error_message = "ElastiCache needs subnets, in two zones for highAvailability: none are given and the account has no default network. Give subnets, such as those of a network component."
    }
  }
}

resource "aws_security_group" "this" {
  name_prefix = trimprefix("${local.identifier}-", "sg-")
  description = "Redis from the networks that are named"
  vpc_id      = local.vpc_id == "" ? null : local.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  ingress {
    description = "Redis"
    from_port   = 6379
    to_port     = 6379
    protocol    = "tcp"
    cidr_blocks = var.allow_from
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_parameter_group" "this" {
  # the family is part of the name: an upgrade makes a new one before the old one goes
  name        = "${local.identifier}-${replace(local.version.family, ".", "-")}"
  family      = local.version.family
  description = "Settings of ${var.name}"
  tags        = var.tags

  parameter {
    name  = "maxmemory-policy"
    value = var.eviction
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = local.identifier
  description          = var.name
  engine               = local.version.engine
  engine_version       = local.version.version
  node_type            = [for node in local.nodes : node.type if node.memory >= var.memory_mb][0]
  port                 = 6379

  num_cache_clusters         = var.multi_az ? 2 : 1
  automatic_failover_enabled = var.multi_az
  multi_az_enabled           = var.multi_az

  auth_token                 = var.password
  auth_token_update_strategy = "ROTATE" # the one before stays valid until the next change
  transit_encryption_enabled = true
  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn == "" ? null : var.kms_key_arn

  subnet_group_name    = aws_elasticache_subnet_group.this.name
  parameter_group_name = aws_elasticache_parameter_group.this.name
  security_group_ids   = [aws_security_group.this.id]

  snapshot_retention_limit   = var.backup_days
  auto_minor_version_upgrade = true

  # what was approved happens now, not in a window that AWS chooses
  apply_immediately = true

  tags = var.tags
}
