# terraform apply -invoke=action.everest_backup.before_migration
action "everest_backup" "before_migration" {
  config {
    namespace           = "prod"
    database_name       = "orders"
    backup_storage_name = "s3"
  }
}

# Or before a change of the schema, which terraform_data stands for here.
resource "terraform_data" "schema" {
  input = "v2"

  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.everest_backup.before_migration]
    }
  }
}
