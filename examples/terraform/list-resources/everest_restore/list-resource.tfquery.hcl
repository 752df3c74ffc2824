list "everest_restore" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
