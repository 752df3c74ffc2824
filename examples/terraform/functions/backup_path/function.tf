resource "everest_restore" "drill" {
  namespace     = "prod"
  database_name = "orders-copy"
  name          = "drill-1"
  backup_source = {
    backup_storage_name = "s3"
    path                = provider::everest::backup_path("s3://backups/orders/0d5c7e1a/full")
  }
}
