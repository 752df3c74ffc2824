variable "access_key_id" {
  type      = string
  ephemeral = true
}

variable "secret_access_key" {
  type      = string
  ephemeral = true
}

# Overwrites the database "orders" with a backup that Percona's operator has taken elsewhere.
resource "everest_data_import_job" "first_load" {
  namespace          = "prod"
  database_name      = "orders"
  name               = "first-load"
  data_importer_name = "everest-percona-pxc-operator"

  source = {
    path = "/orders-2026-01-01-02:00:00-full"
    s3 = {
      bucket       = "acme-old-backups"
      region       = "eu-central-1"
      endpoint_url = "https://s3.eu-central-1.amazonaws.com"
    }
  }

  # Write-only (Terraform and OpenTofu 1.11 or later), and sent once: they never reach the state.
  access_key_id_wo     = var.access_key_id
  secret_access_key_wo = var.secret_access_key

  # A change from one value to another imports again.
  triggers = {
    migration = "1"
  }
}
