list "everest_data_import_job" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
