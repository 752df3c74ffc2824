data "everest_split_horizon_dns_configs" "all" {}

output "domains" {
  value = distinct(data.everest_split_horizon_dns_configs.all.split_horizon_dns_configs[*].base_domain_name_suffix)
}
