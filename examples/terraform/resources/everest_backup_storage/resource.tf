variable "access_key_id" {
  type      = string
  ephemeral = true
}

variable "secret_access_key" {
  type      = string
  ephemeral = true
}

# Write-only credentials (Terraform and OpenTofu 1.11 or later) never reach the state.
# Raise credentials_wo_version to send new ones.
resource "everest_backup_storage" "s3" {
  namespace = "prod"
  name      = "s3"
  type      = "s3"
  bucket    = "acme-database-backups"
  region    = "eu-central-1"

  access_key_id_wo       = var.access_key_id
  secret_access_key_wo   = var.secret_access_key
  credentials_wo_version = 1
}
