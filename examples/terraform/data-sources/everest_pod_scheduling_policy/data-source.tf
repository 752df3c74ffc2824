# A policy that Everest ships: it cannot be a resource, because nobody may change it.
data "everest_pod_scheduling_policy" "mysql" {
  name = "everest-default-mysql"
}

output "shipped_affinity" {
  value = data.everest_pod_scheduling_policy.mysql.affinity_config.pxc
}
