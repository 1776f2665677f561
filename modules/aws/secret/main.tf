# A secret in Secrets Manager: one text, or a JSON map of several.

locals {
  # whether a value is given is no secret; what it is stays one
  several = nonsensitive(length(var.values) > 0)
}

# A name of its own for each one that is made: a removed secret keeps its name until it can't be brought back any more.
resource "aws_secretsmanager_secret" "this" {
  name_prefix             = "${var.name}-"
  description             = "Secret of ${var.name}"
  kms_key_id              = var.kms_key_arn == "" ? null : var.kms_key_arn
  recovery_window_in_days = var.recovery_days
  tags                    = merge(var.tags, { Name = var.name })
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = local.several ? jsonencode(var.values) : var.value

  lifecycle {
    precondition {
      condition     = nonsensitive(var.value != "") != local.several
      error_message = "Give either one value or several values: a secret is one of both."
    }
  }
}
