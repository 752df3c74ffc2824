# Overwrites the database "orders": everything written since the backup is lost.
resource "everest_restore" "rollback" {
  namespace     = "prod"
  database_name = "orders"
  name          = "rollback-1"
  backup_name   = "before-migration"

  # A change from one value to another restores again.
  triggers = {
    incident = "4711"
  }
}
