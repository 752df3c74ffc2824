list "everest_database" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
