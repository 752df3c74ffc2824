data "everest_restores" "orders" {
  namespace     = "prod"
  database_name = "orders"
}

output "failed_restores" {
  value = [
    for restore in data.everest_restores.orders.restores : restore.name if restore.state == "Failed"
  ]
}
