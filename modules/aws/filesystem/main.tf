# Files over NFS (EFS): encrypted, backed up, with a mount target in each zone.

locals {
  vpc_id     = var.vpc_id == "" ? var.default_vpc_id : var.vpc_id
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move the mount targets.
resource "terraform_data" "subnets" {
  input = sort(data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_security_group" "this" {
  name_prefix = trimprefix("${substr(var.name, 0, 60)}-", "sg-")
  description = "NFS from the networks that are named"
  vpc_id      = local.vpc_id == "" ? null : local.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  ingress {
    description = "NFS"
    from_port   = 2049
    to_port     = 2049
    protocol    = "tcp"
    cidr_blocks = var.allow_from
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_efs_file_system" "this" {
  # what makes the creation repeatable; the name itself may be longer than AWS allows
  creation_token = substr(sha256(var.name), 0, 32)
  encrypted      = true
  kms_key_id     = var.kms_key_arn == "" ? null : var.kms_key_arn
  tags           = merge(var.tags, { Name = var.name })

  dynamic "lifecycle_policy" {
    for_each = var.archive_days == 0 ? [] : [var.archive_days]

    content {
      transition_to_ia = lifecycle_policy.value == 1 ? "AFTER_1_DAY" : "AFTER_${lifecycle_policy.value}_DAYS"
    }
  }
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id

  backup_policy {
    status = var.backups ? "ENABLED" : "DISABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  count = var.zones

  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = local.subnet_ids[count.index]
  security_groups = [aws_security_group.this.id]

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) >= var.zones
      error_message = "A file system in ${var.zones} zones needs as many subnets: ${length(local.subnet_ids)} are there. Give subnets, such as those of a network component, or fewer zones."
    }
  }
}
