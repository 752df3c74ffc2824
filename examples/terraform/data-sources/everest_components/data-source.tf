data "everest_components" "orders" {
  namespace     = "prod"
  database_name = "orders"
}

output "restarts" {
  value = {
    for pod in data.everest_components.orders.components : pod.name => pod.restarts
  }
}
