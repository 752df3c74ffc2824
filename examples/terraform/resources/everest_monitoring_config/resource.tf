variable "pmm_api_key" {
  type      = string
  ephemeral = true
}

# A write-only key (Terraform and OpenTofu 1.11 or later) never reaches the state.
# Raise api_key_wo_version to send another one.
resource "everest_monitoring_config" "pmm" {
  namespace = "prod"
  name      = "pmm"
  type      = "pmm"
  pmm       = { url = "https://pmm.example.com" }

  api_key_wo         = var.pmm_api_key
  api_key_wo_version = 1
}
