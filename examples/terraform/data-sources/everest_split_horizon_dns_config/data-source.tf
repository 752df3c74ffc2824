data "everest_split_horizon_dns_config" "public" {
  namespace = "prod"
  name      = "public"
}

output "domain" {
  value = data.everest_split_horizon_dns_config.public.base_domain_name_suffix
}
