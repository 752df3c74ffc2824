data "everest_engine_version_policies" "all" {}

output "restricted" {
  value = [for policy in data.everest_engine_version_policies.all.engine_version_policies : "${policy.namespace}/${policy.engine}"]
}
