# The path within the bucket; of a MongoDB backup, whose destination ends in a time such as
# 2026-01-01T02:03:04Z, the whole destination.
resource "everest_restore" "drill" {
  namespace     = "prod"
  database_name = "orders-copy"
  name          = "drill-1"
  backup_source = {
    backup_storage_name = "s3"
    path                = provider::everest::backup_path("s3://backups/orders/0d5c7e1a/full")
  }
}
