resource "everest_oidc_settings" "sso" {
  issuer_url = "https://sso.example.com/realms/everest"
  client_id  = "everest"

  # With the groups of a user, roles can have groups as members.
  scopes = ["openid", "profile", "email", "groups"]
}
