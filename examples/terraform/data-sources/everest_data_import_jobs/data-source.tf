data "everest_data_import_jobs" "orders" {
  namespace     = "prod"
  database_name = "orders"
}

output "failed_imports" {
  value = {
    for job in data.everest_data_import_jobs.orders.data_import_jobs : job.name => job.message if job.state == "Failed"
  }
}
