data "everest_load_balancer_configs" "all" {}

output "configs_in_use" {
  value = [
    for config in data.everest_load_balancer_configs.all.load_balancer_configs :
    config.name if config.in_use
  ]
}
