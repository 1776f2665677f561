# A private bucket: encrypted, versioned, reached by TLS only.

locals {
  # a prefix leaves room for the 26 characters that the provider adds
  prefix = length(var.name) <= 36 ? var.name : "${substr(var.name, 0, 27)}-${substr(sha256(var.name), 0, 8)}"
}

resource "aws_s3_bucket" "this" {
  bucket        = var.bucket_name == "" ? null : var.bucket_name
  bucket_prefix = var.bucket_name == "" ? "${local.prefix}-" : null
  force_destroy = var.force_destroy
  tags          = merge(var.tags, { Name = var.name })
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key_arn != ""

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == "" ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn == "" ? null : var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = var.versioned ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TransportIsEncrypted"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # two changes of one bucket at the same time answer "OperationAborted"
  depends_on = [aws_s3_bucket_public_access_block.this]
}

# Only where something is asked of it: the provider waits 55 s until AWS shows it everywhere.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.noncurrent_days > 0 || var.expire_days > 0 ? 1 : 0

  bucket = aws_s3_bucket.this.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "older-versions"
    status = var.noncurrent_days > 0 ? "Enabled" : "Disabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = max(var.noncurrent_days, 1)
    }
  }

  rule {
    id     = "age"
    status = var.expire_days > 0 ? "Enabled" : "Disabled"

    filter {}

    expiration {
      days = max(var.expire_days, 1)
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
