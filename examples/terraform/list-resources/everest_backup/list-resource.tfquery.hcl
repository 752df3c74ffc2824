list "everest_backup" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
