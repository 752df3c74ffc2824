# Overwrites the data of the database: the plan says what is lost.
# terraform apply -invoke=action.everest_restore.yesterday
action "everest_restore" "yesterday" {
  config {
    namespace     = "staging"
    database_name = "orders-copy"
    backup_name   = "before-migration"
  }
}
