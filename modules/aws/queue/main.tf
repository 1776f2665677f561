# An SQS queue, encrypted and reached by TLS only, with a dead-letter queue where wanted.

locals {
  suffix = var.fifo ? ".fifo" : ""
  # 80 characters, less "-dead" and ".fifo"
  short = length(var.name) <= 70 ? var.name : "${substr(var.name, 0, 61)}-${substr(sha256(var.name), 0, 8)}"

  # all in the queue itself and not in resources beside it: the provider waits 25 s after each of them
  encrypted = {
    Sid       = "TransportIsEncrypted"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Resource  = "*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }
  topics = {
    Sid       = "TopicsMaySend"
    Effect    = "Allow"
    Principal = { Service = "sns.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = "*"
    Condition = { ArnLike = { "aws:SourceArn" = [for name in var.topics : "${terraform_data.topics.output}${name}"] } }
  }
  policy = jsonencode({ Version = "2012-10-17", Statement = concat([local.encrypted], [for topics in [local.topics] : topics if length(var.topics) > 0]) })
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# What was looked up is kept: a data source that is read late (dependsOn) must not make the policy unknown.
resource "terraform_data" "topics" {
  input = "arn:${data.aws_partition.this.partition}:sns:*:${data.aws_caller_identity.this.account_id}:"

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_sqs_queue" "this" {
  name                              = "${local.short}${local.suffix}"
  fifo_queue                        = var.fifo
  content_based_deduplication       = var.fifo
  visibility_timeout_seconds        = var.visibility_seconds
  message_retention_seconds         = var.retention_seconds
  sqs_managed_sse_enabled           = var.kms_key_arn == "" ? true : null
  kms_master_key_id                 = var.kms_key_arn == "" ? null : var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  policy                            = local.policy
  tags                              = var.tags

  redrive_policy = var.dead_letter_after == 0 ? null : jsonencode({
    deadLetterTargetArn = one(aws_sqs_queue.dead[*].arn)
    maxReceiveCount     = var.dead_letter_after
  })
}

resource "aws_sqs_queue" "dead" {
  count = var.dead_letter_after > 0 ? 1 : 0

  name                              = "${local.short}-dead${local.suffix}"
  fifo_queue                        = var.fifo
  content_based_deduplication       = var.fifo
  message_retention_seconds         = 1209600 # as long as AWS allows
  sqs_managed_sse_enabled           = var.kms_key_arn == "" ? true : null
  kms_master_key_id                 = var.kms_key_arn == "" ? null : var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  policy                            = local.policy
  tags                              = var.tags
}
