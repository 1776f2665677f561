# A Lambda function with a role and a log of its own, called by name or with the messages of queues.

locals {
  # 64 characters
  short = length(var.name) <= 64 ? var.name : "${substr(var.name, 0, 55)}-${substr(sha256(var.name), 0, 8)}"
  env = try(
    { for entry in var.environment : entry.name => tostring(entry.value) },
    { for name, value in var.environment : name => tostring(value) },
  )
}

# The role is always there, though another one may be used: whether one is given may not be known before.
resource "aws_iam_role" "this" {
  name = local.short
  tags = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.this.arn}:*"] }],
      [for queue in var.queues : {
        Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = [queue]
      }],
      [for rule in var.allow : { Effect = "Allow", Action = rule.actions, Resource = rule.resources }],
    )
  })
}

# By its name it is where Lambda writes to; made before the function, so that Lambda does not make it without an end.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.short}"
  retention_in_days = var.log_days
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  function_name = local.short
  description   = var.name
  role          = var.role == "" ? aws_iam_role.this.arn : var.role

  filename         = var.artifact
  source_code_hash = filebase64sha256(var.artifact)
  handler          = var.handler
  runtime          = var.runtime
  architectures    = [var.architecture]

  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.concurrency

  dynamic "environment" {
    for_each = nonsensitive(length(local.env)) > 0 ? ["given"] : []

    content {
      variables = local.env
    }
  }

  tags = var.tags

  # before it is called it must be allowed to do what it does, and its log must be there
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_event_source_mapping" "this" {
  count = length(var.queues)

  event_source_arn        = var.queues[count.index]
  function_name           = aws_lambda_function.this.arn
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags
}
