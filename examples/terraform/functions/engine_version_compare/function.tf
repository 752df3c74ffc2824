output "is_newer" {
  value = provider::everest::engine_version_compare("8.0.42-33.1", "8.0.9-1.1") > 0 # true
}
