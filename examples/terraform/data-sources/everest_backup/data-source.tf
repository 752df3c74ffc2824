data "everest_backup" "before_migration" {
  namespace = "prod"
  name      = "before-migration"
}

output "path" {
  value = provider::everest::backup_path(data.everest_backup.before_migration.destination)
}
