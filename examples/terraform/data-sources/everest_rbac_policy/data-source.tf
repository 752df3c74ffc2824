data "everest_rbac_policy" "policy" {}

output "access_control_is_enabled" {
  value = data.everest_rbac_policy.policy.enabled
}
