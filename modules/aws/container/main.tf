# What service and task have in common: a task definition for Fargate, its cluster, roles, log, secrets, security group and volumes.

locals {
  # 64 characters for most names, less what the provider adds to a prefix
  prefix = length(var.name) <= 32 ? var.name : "${trimsuffix(substr(var.name, 0, 23), "-")}-${substr(sha256(var.name), 0, 8)}"

  # partition, service, region, account: from what is made, because a data source that is read late (dependsOn) would replace what runs
  arn = split(":", aws_cloudwatch_log_group.this.arn)

  # how many there are is no secret
  has_secrets = nonsensitive(length(var.secret_env) > 0)
  has_login   = nonsensitive(length(var.secret_image_login) > 0) || try(var.image_login.auth, "") != ""

  # ------------------------------------------------------------ login to the registry
  # the entry of an auth.json for this image, as podman and Docker find it: the longest path first, and Docker's own name of its hub
  hub       = !can(regex("^(localhost|[^/]*[.:][^/]*)/", var.image))
  full      = local.hub ? "docker.io/${strcontains(var.image, "/") ? "" : "library/"}${var.image}" : var.image
  path      = split("/", replace(replace(local.full, "/@.*$/", ""), "/:[^:/]*$/", ""))
  entries   = concat([for parts in reverse(range(1, length(local.path) + 1)) : join("/", slice(local.path, 0, parts))], local.path[0] == "docker.io" ? ["https://index.docker.io/v1/"] : [])
  logins    = try(jsondecode(try(var.secret_image_login.auth, var.image_login.auth)).auths, {})
  login     = try(base64decode([for entry in local.entries : local.logins[entry].auth if can(local.logins[entry].auth)][0]), "")
  has_entry = nonsensitive(can(regex("^[^:]+:", local.login)))

  # ------------------------------------------------------------ size
  cpu_text = try(tostring(var.limit.cpu), var.cpu)
  cpu      = local.cpu_text == "" ? 0.25 : endswith(local.cpu_text, "m") ? tonumber(trimsuffix(local.cpu_text, "m")) / 1000 : tonumber(local.cpu_text)
  bytes = {
    "" = 1, k = pow(10, 3), M = pow(10, 6), G = pow(10, 9), T = pow(10, 12)
    Ki = pow(2, 10), Mi = pow(2, 20), Gi = pow(2, 30), Ti = pow(2, 40)
  }
  memory_text = try(var.limit.memory, var.memory) == "" ? "512Mi" : try(var.limit.memory, var.memory)
  memory      = tonumber(regex("^[0-9.]+", local.memory_text)) * local.bytes[replace(local.memory_text, "/^[0-9.]+/", "")] / local.bytes.Mi
  fargate = [
    { cpu = 256, memory = [512, 1024, 2048] },
    { cpu = 512, memory = range(1024, 4097, 1024) },
    { cpu = 1024, memory = range(2048, 8193, 1024) },
    { cpu = 2048, memory = range(4096, 16385, 1024) },
    { cpu = 4096, memory = range(8192, 30721, 1024) },
    { cpu = 8192, memory = range(16384, 61441, 4096) },
    { cpu = 16384, memory = range(32768, 122881, 8192) },
  ]
  sizes = flatten([for size in local.fargate : [for memory in size.memory : { cpu = size.cpu, memory = memory }
  if memory >= local.memory && size.cpu >= local.cpu * 1024]])

  # ------------------------------------------------------------ volumes
  listed = [for volume in var.volumes : {
    name = volume.name, path = volume.mountPath, claim = try(volume.type, "emptyDir") == "pvc" ? tostring(try(volume.claimName, volume.name)) : "", type = try(volume.type, "emptyDir")
  }]
  mounts = concat(
    [for volume in try(var.mounts.pvc, []) : { name = volume.name, path = volume.mountPath, claim = tostring(volume.claimName), type = "pvc" }],
    [for volume in try(var.mounts.emptyDir, []) : { name = volume.name, path = volume.mountPath, claim = "", type = "emptyDir" }],
    local.listed,
  )
  claims      = toset([for mount in local.mounts : mount.claim if mount.claim != ""])
  makes_files = length(local.claims) > 0 && var.file_system == ""
  file_system = local.makes_files ? aws_efs_file_system.this[0].id : var.file_system

  # ------------------------------------------------------------ the container
  health = try(var.liveness.exec.command, null) == null ? null : {
    command     = concat(["CMD"], var.liveness.exec.command)
    interval    = max(5, min(300, try(var.liveness.periodSeconds, 10)))
    timeout     = max(2, min(60, try(var.liveness.timeoutSeconds, 3)))
    retries     = max(1, min(10, try(var.liveness.failureThreshold, 3)))
    startPeriod = max(0, min(300, try(var.liveness.initialDelaySeconds, 0)))
  }
  labels = merge(var.labels, { for version in aws_secretsmanager_secret_version.env : "provision.secrets" => version.version_id })
  container = {
    name                  = "main"
    image                 = var.image_digest == "" ? var.image : "${replace(var.image, "/:[^:/]*$/", "")}@${var.image_digest}"
    essential             = true
    entryPoint            = length(var.command) > 0 ? var.command : null
    command               = length(var.arguments) > 0 ? var.arguments : null
    user                  = var.user == "" ? null : var.user
    dockerLabels          = length(local.labels) > 0 ? local.labels : null
    environment           = [for name, value in var.env : { name = name, value = value }]
    secrets               = local.has_secrets ? [for name in keys(var.secret_env) : { name = name, valueFrom = "${aws_secretsmanager_secret.env[0].arn}:${name}::" }] : null
    portMappings          = [for port in var.ports : { containerPort = port.port, hostPort = port.port, protocol = lower(try(port.protocol, "TCP")) }]
    mountPoints           = [for mount in local.mounts : { sourceVolume = mount.name, containerPath = mount.path, readOnly = false }]
    healthCheck           = local.health
    repositoryCredentials = local.has_login ? { credentialsParameter = aws_secretsmanager_secret.login[0].arn } : null
    restartPolicy         = var.restart ? { enabled = true, ignoredExitCodes = [0], restartAttemptPeriod = 60 } : null
    linuxParameters       = { initProcessEnabled = true }
    logConfiguration      = { logDriver = "awslogs", options = { awslogs-group = aws_cloudwatch_log_group.this.name, awslogs-region = local.arn[3], awslogs-stream-prefix = "main" } }
  }
}

data "aws_subnets" "default" {
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

# What was looked up is kept: a data source that is read late (dependsOn) must not move what runs.
resource "terraform_data" "subnets" {
  input = try(slice(sort(data.aws_subnets.default.ids), 0, 2), data.aws_subnets.default.ids)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster == "" ? 1 : 0

  name = var.name
  tags = var.tags
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_days
  tags              = var.tags
}

# ------------------------------------------------------------------ secrets
# One secret with all values as a map: the task definition, which everybody may read, only names its keys. A label names the version,
# so that another value is another deployment; the reference itself does not, so that one that goes back finds its values.
resource "aws_secretsmanager_secret" "env" {
  count = local.has_secrets ? 1 : 0

  name_prefix             = "${var.name}-env-"
  description             = "Environment variables of ${var.name}"
  recovery_window_in_days = 0
  tags                    = var.tags
}

resource "aws_secretsmanager_secret_version" "env" {
  count = local.has_secrets ? 1 : 0

  secret_id     = aws_secretsmanager_secret.env[0].id
  secret_string = jsonencode(var.secret_env)

  lifecycle {
    # there is a current one at every moment
    create_before_destroy = true
  }
}

# The login as ECS wants it. It is read when an image is pulled, so another one needs no deployment.
resource "aws_secretsmanager_secret" "login" {
  count = local.has_login ? 1 : 0

  name_prefix             = "${var.name}-login-"
  description             = "Login to the registry of ${var.name}"
  recovery_window_in_days = 0
  tags                    = var.tags
}

resource "aws_secretsmanager_secret_version" "login" {
  count = local.has_login ? 1 : 0

  secret_id     = aws_secretsmanager_secret.login[0].id
  secret_string = jsonencode({ username = split(":", local.login)[0], password = try(regex("(?s)^[^:]*:(.*)$", local.login)[0], "") })

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = local.has_entry
      error_message = "imageLogin has no login to ${local.path[0]}: it must be an auth.json, {\"auths\": {\"${local.path[0]}\": {\"auth\": \"…\"}}}; podman login --authfile FILE writes one."
    }
  }
}

# ------------------------------------------------------------------ roles
# The role by which ECS itself pulls the image, writes the log and reads the secret; the program does not have it.
resource "aws_iam_role" "execution" {
  name_prefix = "${local.prefix}-"
  description = "Starts ${var.name}"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.this.arn}:*"] },
        { Effect = "Allow", Action = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource = ["*"] },
      ],
      [for secret in concat(aws_secretsmanager_secret.env, aws_secretsmanager_secret.login) : { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [secret.arn] }],
    )
  })
}

# ------------------------------------------------------------------ network
# Closed but for what is named; outwards open, because the image and the secrets come from outside.
resource "aws_security_group" "this" {
  name_prefix = trimprefix("${local.prefix}-", "sg-")
  description = "Reaches ${var.name}"
  vpc_id      = var.vpc_id == "" ? null : var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  dynamic "ingress" {
    for_each = var.ingress

    content {
      description     = "Port ${ingress.value.port}"
      from_port       = ingress.value.port
      to_port         = ingress.value.port
      protocol        = ingress.value.protocol
      cidr_blocks     = ingress.value.networks
      security_groups = ingress.value.security_groups
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

# ------------------------------------------------------------------ data that outlives a task
resource "aws_efs_file_system" "this" {
  count = local.makes_files ? 1 : 0

  encrypted = true
  tags      = merge(var.tags, { Name = var.name })
}

resource "aws_security_group" "files" {
  count = local.makes_files ? 1 : 0

  name_prefix = trimprefix("${local.prefix}-files-", "sg-")
  description = "Files of ${var.name}"
  vpc_id      = var.vpc_id == "" ? null : var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-files" })

  ingress {
    description     = "NFS"
    from_port       = 2049
    to_port         = 2049
    protocol        = "tcp"
    security_groups = [aws_security_group.this.id]
  }
}

resource "aws_efs_mount_target" "this" {
  count = local.makes_files ? (length(var.subnet_ids) > 0 ? length(var.subnet_ids) : 2) : 0

  file_system_id  = local.file_system
  subnet_id       = local.subnet_ids[count.index]
  security_groups = [aws_security_group.files[0].id]
}

# Whoever the program runs as, its files are those of one user, so any image can write.
resource "aws_efs_access_point" "this" {
  for_each = local.claims

  file_system_id = local.file_system
  tags           = merge(var.tags, { Name = "${var.name}-${each.key}" })

  posix_user {
    uid = 1000
    gid = 1000
  }

  root_directory {
    path = "/${each.key}"

    creation_info {
      owner_uid   = 1000
      owner_gid   = 1000
      permissions = "0755"
    }
  }
}

# ------------------------------------------------------------------ what runs
locals {
  subnet_ids = length(var.subnet_ids) > 0 ? var.subnet_ids : terraform_data.subnets.output
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = try(local.sizes[0].cpu, 256)
  memory                   = try(local.sizes[0].memory, 512)
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = var.task_role == "" ? null : var.task_role
  tags                     = var.tags

  container_definitions = jsonencode([{ for key, value in local.container : key => value if value != null }])

  dynamic "volume" {
    for_each = { for mount in local.mounts : mount.name => mount.claim... }

    content {
      name = volume.key

      dynamic "efs_volume_configuration" {
        for_each = toset([for claim in volume.value : claim if claim != ""])

        content {
          file_system_id     = local.file_system
          transit_encryption = "ENABLED"

          authorization_config {
            access_point_id = aws_efs_access_point.this[efs_volume_configuration.value].id
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.sizes) > 0
      error_message = "Fargate has no size for that cpu and memory: at most 16 CPUs and 120 GiB, and at most 8 GiB for each CPU."
    }

    precondition {
      condition     = alltrue([for port in var.ports : try(port.containerPort, null) == null || try(port.containerPort == port.port, false)])
      error_message = "A task is reached at the port that its container listens on: give the port alone, without another containerPort."
    }

    precondition {
      condition     = alltrue([for mount in local.mounts : contains(["pvc", "emptyDir"], mount.type)])
      error_message = "Fargate has volumes of type pvc (EFS) and emptyDir only: bring files in the image or by env."
    }

    precondition {
      condition     = length(var.subnet_ids) > 0 || length(terraform_data.subnets.output) > 0
      error_message = "No subnets are given and the account has no default network: name service_network and service_subnets in the vars of the target."
    }
  }

  depends_on = [aws_efs_mount_target.this, aws_secretsmanager_secret_version.login]
}
