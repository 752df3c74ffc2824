list "everest_monitoring_config" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
