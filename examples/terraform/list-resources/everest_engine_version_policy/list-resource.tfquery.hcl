list "everest_engine_version_policy" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
