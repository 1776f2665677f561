# Machines that come and go with the load (an autoscaling group): encrypted disks, metadata by token only.

locals {
  types              = { small = "t3.small", medium = "t3.large", large = "m6i.2xlarge" }
  security_group_ids = concat(var.security_group_ids, aws_security_group.door[*].id)

  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : length(var.default_subnet_ids) > 0 ? var.default_subnet_ids : terraform_data.subnets.output
}

# newest first; a list, because one that is empty is no error for who names an image
data "aws_ami_ids" "debian" {
  owners = ["136693071363"] # Debian

  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a newer image, or a data source that is read late (dependsOn), must not replace machines.
resource "terraform_data" "image" {
  input            = try(data.aws_ami_ids.debian.ids[0], "")
  triggers_replace = var.ami == ""

  lifecycle {
    ignore_changes = [input]

    precondition {
      condition     = var.ami != "" || length(data.aws_ami_ids.debian.ids) > 0
      error_message = "No image of Debian 12 is offered in this region: give ami."
    }
  }
}

resource "terraform_data" "subnets" {
  input = sort(data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_key_pair" "this" {
  count = var.public_key == "" ? 0 : 1

  key_name_prefix = "${substr(var.name, 0, 60)}-"
  public_key      = var.public_key
  tags            = var.tags
}

# Who reaches the machines is said by their security groups; the load balancers that pass requests on to them do by this one.
resource "aws_security_group" "door" {
  count = length(var.attachments) > 0 ? 1 : 0

  name_prefix = trimprefix("${substr(var.name, 0, 60)}-door-", "sg-")
  description = "Load balancers reach ${var.name}"
  vpc_id      = var.attachments[0].network
  tags        = merge(var.tags, { Name = "${var.name}-door" })

  dynamic "ingress" {
    for_each = var.attachments

    content {
      description     = "Port ${ingress.value.port}"
      from_port       = ingress.value.port
      to_port         = ingress.value.port
      protocol        = "tcp"
      security_groups = [ingress.value.security_group]
    }
  }

  egress {
    description = "Everywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_launch_template" "this" {
  name_prefix            = "${substr(var.name, 0, 60)}-"
  image_id               = var.ami == "" ? terraform_data.image.output : var.ami
  instance_type          = var.instance_type == "" ? local.types[var.size] : var.instance_type
  key_name               = var.public_key == "" ? (var.key_name == "" ? null : var.key_name) : aws_key_pair.this[0].key_name
  user_data              = var.user_data == "" ? null : base64encode(var.user_data)
  update_default_version = true
  tags                   = var.tags

  dynamic "iam_instance_profile" {
    for_each = var.instance_profile == "" ? [] : [var.instance_profile]

    content {
      name = iam_instance_profile.value
    }
  }

  network_interfaces {
    associate_public_ip_address = var.public
    security_groups             = length(local.security_group_ids) > 0 ? local.security_group_ids : null
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted             = true
      volume_type           = "gp3"
      volume_size           = var.disk_gb
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(var.tags, { Name = var.name })
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name_prefix         = "${substr(var.name, 0, 60)}-"
  min_size            = var.scaling.min
  max_size            = var.scaling.max
  vpc_zone_identifier = local.subnet_ids

  # a machine that its load balancer finds broken is replaced, and a delivery ends when the first ones work
  target_group_arns         = [for attachment in var.attachments : attachment.target_group]
  health_check_type         = length(var.attachments) > 0 ? "ELB" : "EC2"
  health_check_grace_period = 300
  min_elb_capacity          = length(var.attachments) > 0 ? var.scaling.min : null

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  # another template replaces the machines, a part at a time
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 90
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = var.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) > 0
      error_message = "No subnets are given and the account has no default network: give subnets, such as those of a network component."
    }
  }
}

resource "aws_autoscaling_policy" "load" {
  name                   = "load"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = try(var.scaling.cpu, 60)

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
