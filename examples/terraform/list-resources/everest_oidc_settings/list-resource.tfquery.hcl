list "everest_oidc_settings" "all" {
  provider = everest
}
