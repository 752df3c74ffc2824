data "everest_database" "orders" {
  namespace = "prod"
  name      = "orders"
}

output "orders_address" {
  value = "${data.everest_database.orders.hostname}:${data.everest_database.orders.port}"
}
