# A PostgreSQL server (RDS): encrypted, backed up, not public; its password is made and kept by AWS Secrets Manager.

locals {
  classes = { small = "db.t4g.micro", medium = "db.t4g.medium", large = "db.m7g.xlarge" }
  # 63 characters, less what "-final" and a digest take
  named      = can(regex("^[a-z]", var.name)) ? var.name : "p-${var.name}" # a letter first
  short      = length(local.named) <= 50 ? local.named : "${trimsuffix(substr(local.named, 0, 41), "-")}-${substr(sha256(var.name), 0, 8)}"
  identifier = replace(local.short, "/-+/", "-")
  vpc_id     = var.vpc_id == "" ? var.default_vpc_id : var.vpc_id
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move the server.
resource "terraform_data" "subnets" {
  input = sort(data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_db_subnet_group" "this" {
  name_prefix = "${local.identifier}-"
  description = "Subnets of ${var.name}"
  subnet_ids  = local.subnet_ids
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) > 1
      error_message = "RDS needs subnets in two zones: none are given and the account has no default network. Give subnets, such as those of a network component."
    }
  }
}

resource "aws_security_group" "this" {
  name_prefix = trimprefix("${local.identifier}-", "sg-")
  description = "PostgreSQL from the networks that are named"
  vpc_id      = local.vpc_id == "" ? null : local.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  ingress {
    description = "PostgreSQL"
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = var.allow_from
  }

  lifecycle {
    create_before_destroy = true
  }
}

# A connection in clear is refused; the default of AWS from version 15 on, said for all.
resource "aws_db_parameter_group" "this" {
  name_prefix = "${local.identifier}-"
  family      = "postgres${var.engine_version}"
  description = "Settings of ${var.name}"
  tags        = var.tags

  parameter {
    name         = "rds.force_ssl"
    value        = "1"
    apply_method = "immediate"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier     = local.identifier
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = local.classes[var.size]
  multi_az       = var.multi_az

  allocated_storage = max(20, var.allocated_storage)
  storage_type      = "gp3"
  storage_encrypted = true
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn

  db_name                     = var.database
  username                    = var.username
  manage_master_user_password = true

  db_subnet_group_name   = aws_db_subnet_group.this.name
  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false

  backup_retention_period    = var.backup_days
  copy_tags_to_snapshot      = true
  deletion_protection        = var.deletion_protection
  skip_final_snapshot        = !var.final_snapshot
  final_snapshot_identifier  = "${local.identifier}-final"
  auto_minor_version_upgrade = true

  # what was approved happens now, not in a window that AWS chooses
  apply_immediately           = true
  allow_major_version_upgrade = true

  tags = var.tags
}
