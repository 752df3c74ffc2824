variable "ca_certificate" {
  type = string
}

variable "ca_key" {
  type      = string
  ephemeral = true
}

# A write-only key (Terraform and OpenTofu 1.11 or later) never reaches the state.
# Raise ca_key_wo_version to send another one.
resource "everest_split_horizon_dns_config" "public" {
  namespace               = "prod"
  name                    = "public"
  base_domain_name_suffix = "db.example.com"

  ca_certificate    = var.ca_certificate
  ca_key_wo         = var.ca_key
  ca_key_wo_version = 1
}
