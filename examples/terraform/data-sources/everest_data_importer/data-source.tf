# An importer that Everest's chart has installed: it belongs to Helm.
data "everest_data_importer" "pxc" {
  name = "everest-percona-pxc-operator"
}

output "importer_image" {
  value = data.everest_data_importer.pxc.job_spec.image
}
