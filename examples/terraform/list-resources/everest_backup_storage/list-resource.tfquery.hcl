list "everest_backup_storage" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
