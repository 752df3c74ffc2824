data "everest_monitoring_configs" "all" {}

output "monitored_namespaces" {
  value = distinct(data.everest_monitoring_configs.all.monitoring_configs[*].namespace)
}
