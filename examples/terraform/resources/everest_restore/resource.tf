resource "everest_restore" "drill" {
  namespace     = "prod"
  database_name = "orders"
  name          = "drill-1"
  backup_name   = "before-migration"

  # A changed trigger restores again: the record of the old restore is replaced.
  triggers = {
    quarter = "2026-Q4"
  }
}
