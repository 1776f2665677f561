# An SNS topic, encrypted and reached by TLS only, and the queues that subscribe to it.

locals {
  # 256 characters, less ".fifo"
  short = length(var.name) <= 250 ? var.name : "${substr(var.name, 0, 241)}-${substr(sha256(var.name), 0, 8)}"
}

resource "aws_sns_topic" "this" {
  name                        = var.fifo ? "${local.short}.fifo" : local.short
  fifo_topic                  = var.fifo
  content_based_deduplication = var.fifo
  kms_master_key_id           = var.kms_key == "" ? "alias/aws/sns" : var.kms_key
  tags                        = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TransportIsEncrypted"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = each.value.queue
  raw_message_delivery = each.value.raw
  filter_policy        = length(each.value.filter) == 0 ? null : jsonencode(each.value.filter)
  redrive_policy       = each.value.deadLetterQueue == "" ? null : jsonencode({ deadLetterTargetArn = each.value.deadLetterQueue })
}
