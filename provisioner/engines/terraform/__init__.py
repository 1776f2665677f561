"""Units through Terraform: one root per application, environment and target."""
