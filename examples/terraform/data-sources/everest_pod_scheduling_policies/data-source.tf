data "everest_pod_scheduling_policies" "all" {}

output "unused_policies" {
  value = [
    for policy in data.everest_pod_scheduling_policies.all.pod_scheduling_policies :
    policy.name if !policy.in_use && !policy.read_only
  ]
}
