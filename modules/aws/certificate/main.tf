# A certificate in ACM: issued by AWS, which asks DNS whether the names are ours and renews it by itself; or a given one, imported.

locals {
  zone = var.zone == "" ? var.default_zone : var.zone

  # first the certificate itself, then its chain
  pem = regexall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", var.certificate)

  # a name and all names below it are proved by one record
  names = toset(var.given ? [] : [for name in concat([var.domain], var.alternative_names) : trimprefix(name, "*.")])
  proofs = { for option in aws_acm_certificate.this.domain_validation_options : trimprefix(option.domain_name, "*.") => {
    name  = option.resource_record_name
    type  = option.resource_record_type
    value = option.resource_record_value
  }... }
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.given ? null : var.domain
  subject_alternative_names = var.given || length(var.alternative_names) == 0 ? null : var.alternative_names
  validation_method         = var.given ? null : "DNS"

  certificate_body  = var.given ? try(local.pem[0], var.certificate) : null
  certificate_chain = var.given && length(local.pem) > 1 ? join("\n", slice(local.pem, 1, length(local.pem))) : null
  private_key       = var.given ? var.private_key : null

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = var.given || local.zone != ""
      error_message = "AWS issues a certificate for names that are proved in DNS: give the zone, or dns_zone in the vars of the target, or a certificate of your own."
    }

    precondition {
      condition     = !var.given || nonsensitive(var.private_key != "")
      error_message = "A given certificate needs its key: give privateKey."
    }
  }
}

resource "aws_route53_record" "proof" {
  for_each = local.names

  zone_id = local.zone
  name    = local.proofs[each.key][0].name
  type    = local.proofs[each.key][0].type
  records = [local.proofs[each.key][0].value]
  ttl     = 300

  # another certificate for the same name, perhaps the one that this replaces, is proved by the same record
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = var.given ? 0 : 1

  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}
