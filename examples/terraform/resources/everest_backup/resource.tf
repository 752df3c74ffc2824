resource "everest_backup" "before_migration" {
  namespace           = "prod"
  database_name       = "orders"
  backup_storage_name = "s3"
  name                = "before-migration"
}
