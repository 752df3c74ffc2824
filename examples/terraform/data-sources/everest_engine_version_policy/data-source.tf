data "everest_engine_version_policy" "pxc" {
  namespace = "prod"
  engine    = "pxc"
}

output "allowed_versions" {
  value = data.everest_engine_version_policy.pxc.allowed_versions
}
