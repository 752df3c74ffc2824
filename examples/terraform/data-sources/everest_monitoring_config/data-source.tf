data "everest_monitoring_config" "pmm" {
  namespace = "prod"
  name      = "pmm"
}

output "pmm_url" {
  value = data.everest_monitoring_config.pmm.pmm.url
}
