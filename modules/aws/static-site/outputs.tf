output "url" {
  description = "URL of the site, without a slash at the end."
  value       = "http://${var.domain == "" ? aws_s3_bucket_website_configuration.this.website_endpoint : var.domain}"

  # not before everybody may read, and there is something to be read
  depends_on = [aws_s3_bucket_policy.this, aws_s3_object.this]
}

output "host" {
  description = "Host name of the site at AWS, to which a record of its domain leads."
  value       = aws_s3_bucket_website_configuration.this.website_endpoint
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_object.this]
}

output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}
