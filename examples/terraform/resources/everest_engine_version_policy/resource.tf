resource "everest_engine_version_policy" "pxc" {
  namespace        = "prod"
  engine           = "pxc"
  allowed_versions = ["8.0.42-33.1", "8.4.5-5.1"]
}
