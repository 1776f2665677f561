# An SQS queue, encrypted and reached by TLS only, with a dead-letter queue where wanted.

locals {
  suffix = var.fifo ? ".fifo" : ""
  # 80 characters, less "-dead" and ".fifo"
  short = length(var.name) <= 70 ? var.name : "${substr(var.name, 0, 61)}-${substr(sha256(var.name), 0, 8)}"

  # the dead-letter queue keeps what it gets for as long as AWS allows
  queues = merge(
    { main = { name = "${local.short}${local.suffix}", retention = var.retention_seconds } },
    var.dead_letter_after > 0 ? { dead = { name = "${local.short}-dead${local.suffix}", retention = 1209600 } } : {},
  )
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                              = each.value.name
  fifo_queue                        = var.fifo
  content_based_deduplication       = var.fifo
  visibility_timeout_seconds        = var.visibility_seconds
  message_retention_seconds         = each.value.retention
  sqs_managed_sse_enabled           = var.kms_key_arn == "" ? true : null
  kms_master_key_id                 = var.kms_key_arn == "" ? null : var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  tags                              = var.tags
}

resource "aws_sqs_queue_policy" "this" {
  for_each = aws_sqs_queue.this

  queue_url = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TransportIsEncrypted"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sqs_queue_redrive_policy" "this" {
  count = var.dead_letter_after > 0 ? 1 : 0

  queue_url = aws_sqs_queue.this["main"].id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.this["dead"].arn
    maxReceiveCount     = var.dead_letter_after
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  count = var.dead_letter_after > 0 ? 1 : 0

  queue_url = aws_sqs_queue.this["dead"].id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this["main"].arn]
  })
}
