# A container that runs to its end on ECS (Fargate): at the times of a schedule, or once for each thing that is delivered, which is waited for.

locals {
  once = var.schedule == ""

  # ------------------------------------------------------------ from cron's five fields to EventBridge's six
  nicknames = { "@hourly" = "0 * * * *", "@daily" = "0 0 * * *", "@midnight" = "0 0 * * *", "@weekly" = "0 0 * * 0", "@monthly" = "0 0 1 * *", "@yearly" = "0 0 1 1 *", "@annually" = "0 0 1 1 *" }
  fields    = split(" ", replace(replace(trimspace(lookup(local.nicknames, var.schedule, var.schedule)), "?", "*"), "/\\s+/", " ")) # to cron a ? is a *
  day       = try(local.fields[2], "*")
  weekday   = try(local.fields[4], "*")

  # cron counts the days of the week from 0 (or 7), Sunday, EventBridge from 1: names mean the same to both
  names = { "0" = "SUN", "1" = "MON", "2" = "TUE", "3" = "WED", "4" = "THU", "5" = "FRI", "6" = "SAT", "7" = "SUN" }
  weekdays = join(",", [for part in split(",", local.weekday) : join("/", concat(
    [join("-", [for name in split("-", split("/", part)[0]) : lookup(local.names, name, upper(name))])],
    slice(split("/", part), 1, length(split("/", part))),
  ))])
  cron = "cron(${join(" ", concat(
    slice(concat(local.fields, ["*", "*"]), 0, 2),
    [local.day == "*" && local.weekday != "*" ? "?" : local.day, upper(try(local.fields[3], "*")), local.weekday == "*" ? "?" : local.weekdays, "*"],
  ))})"
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
  restart            = !local.once && var.restart == "OnFailure"
}

# ------------------------------------------------------------------ once
# A run is a resource: made again when what it is made of has changed, and marked by Terraform as not made when it did not end well.
resource "terraform_data" "run" {
  count = local.once ? 1 : 0

  triggers_replace = [module.container.task_definition, var.copies]

  provisioner "local-exec" {
    command = "exec \"$${PROVISION_PYTHON:-python3}\" '${path.module}/run.py'"

    environment = {
      RUN = jsonencode({
        root            = abspath(path.root)
        cluster         = module.container.cluster_arn
        definition      = module.container.task_definition
        copies          = var.copies
        retries         = var.restart == "OnFailure" ? var.retries : 0
        seconds         = var.seconds
        subnets         = module.container.subnet_ids
        security_groups = [module.container.security_group]
        public          = module.container.public
        log_group       = module.container.log_group
      })
    }
  }
}

# ------------------------------------------------------------------ by the clock

# The role by which the scheduler starts it.
resource "aws_iam_role" "schedule" {
  count = local.once ? 0 : 1

  name_prefix = "${substr(var.name, 0, 29)}-"
  description = "Schedules ${var.name}"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "scheduler.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  count = local.once ? 0 : 1

  name = "run"
  role = aws_iam_role.schedule[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["ecs:RunTask"], Resource = ["${module.container.family}:*"], Condition = { ArnEquals = { "ecs:cluster" = module.container.cluster_arn } } },
      { Effect = "Allow", Action = ["ecs:TagResource"], Resource = ["*"], Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } } },
      { Effect = "Allow", Action = ["iam:PassRole"], Resource = compact([module.container.execution_role, var.task_role]) },
    ]
  })
}

resource "aws_scheduler_schedule" "this" {
  count = local.once ? 0 : 1

  name                         = length(var.name) <= 64 ? var.name : "${substr(var.name, 0, 55)}-${substr(sha256(var.name), 0, 8)}"
  description                  = "Runs ${var.name}"
  state                        = var.suspended ? "DISABLED" : "ENABLED"
  schedule_expression          = local.cron
  schedule_expression_timezone = var.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.container.cluster_arn
    role_arn = aws_iam_role.schedule[0].arn

    ecs_parameters {
      task_definition_arn = module.container.task_definition
      task_count          = var.copies
      launch_type         = "FARGATE"
      propagate_tags      = "TASK_DEFINITION"

      network_configuration {
        subnets          = module.container.subnet_ids
        security_groups  = [module.container.security_group]
        assign_public_ip = module.container.public
      }
    }

    retry_policy {
      maximum_event_age_in_seconds = var.late_seconds
      maximum_retry_attempts       = 10
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.fields) == 5
      error_message = "A schedule has five fields (minute, hour, day of month, month, day of week), or is @hourly, @daily, @weekly, @monthly or @yearly."
    }

    precondition {
      condition     = var.copies <= 10
      error_message = "EventBridge starts 1 to 10 copies of a task."
    }

    precondition {
      condition     = local.day == "*" || local.weekday == "*"
      error_message = "EventBridge takes a day of the month or a day of the week, not both: write two cron-tasks."
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}
