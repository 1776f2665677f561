# A fleet of machines (EC2): encrypted disks, metadata by token only, no public address unless asked for.

locals {
  types      = { small = "t3.small", medium = "t3.large", large = "m6i.2xlarge" }
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

# An interface of its own: the address outlives a replaced machine, and no public address comes from the subnet's setting.
resource "aws_network_interface" "this" {
  count = var.instances

  description     = "${var.name}-${count.index + 1}"
  subnet_id       = local.subnet_ids[count.index % length(local.subnet_ids)]
  private_ips     = length(var.private_ips) > count.index ? [var.private_ips[count.index]] : null
  security_groups = length(var.security_group_ids) > 0 ? var.security_group_ids : null
  tags            = merge(var.tags, { Name = "${var.name}-${count.index + 1}" })

  lifecycle {
    precondition {
      condition     = length(local.subnet_ids) > 0
      error_message = "No subnets are given and the account has no default network: give subnets, such as those of a network component."
    }

    precondition {
      condition     = length(var.private_ips) == 0 || length(var.private_ips) >= var.instances
      error_message = "Give a fixed private address for each machine, or none."
    }
  }
}

resource "aws_instance" "this" {
  count = var.instances

  ami                     = var.ami == "" ? terraform_data.image.output : var.ami
  instance_type           = var.instance_type == "" ? local.types[var.size] : var.instance_type
  key_name                = var.public_key == "" ? (var.key_name == "" ? null : var.key_name) : aws_key_pair.this[0].key_name
  iam_instance_profile    = var.instance_profile == "" ? null : var.instance_profile
  user_data               = var.user_data == "" ? null : var.user_data
  disable_api_termination = var.termination_protection
  tags                    = merge(var.tags, { Name = "${var.name}-${count.index + 1}" })

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.this[count.index].id
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted             = true
    volume_type           = "gp3"
    volume_size           = var.disk_gb
    delete_on_termination = true
    tags                  = merge(var.tags, { Name = "${var.name}-${count.index + 1}" })
  }

  lifecycle {
    # it works at the first boot only, and changing it would stop every machine
    ignore_changes = [user_data]
  }
}

resource "aws_eip" "this" {
  count = var.public ? var.instances : 0

  domain            = "vpc"
  network_interface = aws_network_interface.this[count.index].id
  tags              = merge(var.tags, { Name = "${var.name}-${count.index + 1}" })

  # AWS gives an address to an interface of a running machine only once it is attached
  depends_on = [aws_instance.this]
}
