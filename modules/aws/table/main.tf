# A DynamoDB table: on demand, encrypted, with point-in-time recovery.

locals {
  types = { string = "S", number = "N", binary = "B" }
  keys  = merge({ (var.hash_key) = var.hash_key_type }, var.range_key == "" ? {} : { (var.range_key) = var.range_key_type })
}

# The provider passes over another type of a key, which only another table can have.
resource "terraform_data" "keys" {
  input = local.keys
}

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.hash_key
  range_key                   = var.range_key == "" ? null : var.range_key
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  dynamic "attribute" {
    for_each = local.keys

    content {
      name = attribute.key
      type = local.types[attribute.value]
    }
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn == "" ? null : var.kms_key_arn
  }

  dynamic "ttl" {
    for_each = var.ttl_attribute == "" ? [] : [var.ttl_attribute]

    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.keys]

    precondition {
      condition     = var.range_key != var.hash_key
      error_message = "The sort key must be another attribute than the partition key."
    }
  }
}
