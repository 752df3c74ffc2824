data "everest_database" "orders" {
  namespace = "prod"
  name      = "orders"
}

output "orders_hosts" {
  value = data.everest_database.orders.hosts
}
