data "everest_oidc_settings" "sso" {}

output "issuer" {
  value = data.everest_oidc_settings.sso.issuer_url
}
