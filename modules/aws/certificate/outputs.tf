output "arn" {
  description = "ARN of the certificate, once it is issued."
  value       = var.given ? aws_acm_certificate.this.arn : aws_acm_certificate_validation.this[0].certificate_arn
}
