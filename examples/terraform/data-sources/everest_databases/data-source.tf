data "everest_databases" "payments" {
  labels = {
    team = "payments"
  }
}

output "databases_that_are_not_ready" {
  value = [
    for database in data.everest_databases.payments.databases :
    "${database.namespace}/${database.name}: ${database.status}"
    if !database.ready
  ]
}
