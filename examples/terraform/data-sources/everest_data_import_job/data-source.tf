# The import that Everest runs for a new database.
data "everest_data_import_job" "orders" {
  namespace = "prod"
  name      = "data-import-orders"
}

output "import" {
  value = data.everest_data_import_job.orders.state
}
