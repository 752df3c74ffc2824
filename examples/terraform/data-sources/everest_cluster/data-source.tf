data "everest_cluster" "this" {}

check "everest" {
  assert {
    condition     = data.everest_cluster.this.everest_version != null
    error_message = "Everest is not installed, or its Deployment may not be read."
  }
}

output "classes_that_grow" {
  value = [
    for class in data.everest_cluster.this.storage_classes : class.name if class.allow_volume_expansion
  ]
}
