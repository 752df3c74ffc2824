data "everest_data_importers" "all" {}

output "importers_for_mysql" {
  value = [
    for importer in data.everest_data_importers.all.data_importers :
    importer.name if contains(importer.supported_engines, "pxc")
  ]
}
