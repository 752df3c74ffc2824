data "everest_backup_storages" "prod" {
  namespace = "prod"
}

output "unused_storages" {
  value = [
    for storage in data.everest_backup_storages.prod.backup_storages :
    storage.name if !storage.in_use
  ]
}
