data "everest_namespaces" "all" {}

output "pending_operator_upgrades" {
  value = {
    for namespace in data.everest_namespaces.all.namespaces :
    namespace.name => namespace.engines.pxc.pending_version
    if try(namespace.engines.pxc.pending_version, null) != null
  }
}
