# A website of S3: a bucket whose objects, and nothing else of it, everybody may read. Plain HTTP is all that it speaks.

locals {
  # a prefix leaves room for the 26 characters that the provider adds
  prefix = length(var.name) <= 36 ? var.name : "${substr(var.name, 0, 27)}-${substr(sha256(var.name), 0, 8)}"

  types = {
    html = "text/html; charset=utf-8", htm = "text/html; charset=utf-8", css = "text/css; charset=utf-8", txt = "text/plain; charset=utf-8"
    js   = "text/javascript; charset=utf-8", mjs = "text/javascript; charset=utf-8", json = "application/json", map = "application/json"
    xml  = "application/xml", webmanifest = "application/manifest+json", pdf = "application/pdf", wasm = "application/wasm", zip = "application/zip"
    svg  = "image/svg+xml", png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif", webp = "image/webp", avif = "image/avif"
    ico  = "image/vnd.microsoft.icon", woff = "font/woff", woff2 = "font/woff2", ttf = "font/ttf", otf = "font/otf"
    mp4  = "video/mp4", webm = "video/webm", mp3 = "audio/mpeg", csv = "text/csv; charset=utf-8", md = "text/markdown; charset=utf-8"
  }
}

resource "aws_s3_bucket" "this" {
  bucket        = var.domain == "" ? null : var.domain
  bucket_prefix = var.domain == "" ? "${local.prefix}-" : null
  # all that is in it comes from the files that are given
  force_destroy = true
  tags          = merge(var.tags, { Name = var.name })
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket             = aws_s3_bucket.this.id
  block_public_acls  = true
  ignore_public_acls = true
  # the policy below is public: reading is what a site is for
  block_public_policy     = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EverybodyReads"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "${aws_s3_bucket.this.arn}/*"
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_website_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  index_document {
    suffix = var.index
  }

  dynamic "error_document" {
    for_each = var.error_page == "" ? [] : [var.error_page]

    content {
      key = error_document.value
    }
  }
}

resource "aws_s3_object" "this" {
  for_each = var.files

  bucket        = aws_s3_bucket.this.id
  key           = each.key
  source        = each.value
  source_hash   = filesha256(each.value)
  content_type  = lookup(local.types, lower(element(split(".", each.key), length(split(".", each.key)) - 1)), "application/octet-stream")
  cache_control = var.cache_seconds == 0 ? "no-cache" : "max-age=${var.cache_seconds}"

  depends_on = [aws_s3_bucket_ownership_controls.this]
}
