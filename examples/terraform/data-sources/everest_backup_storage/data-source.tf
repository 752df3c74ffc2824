data "everest_backup_storage" "s3" {
  namespace = "prod"
  name      = "s3"
}

output "bucket" {
  value = data.everest_backup_storage.s3.bucket
}
