list "everest_split_horizon_dns_config" "prod" {
  provider = everest

  config {
    namespace = "prod"
  }
}
