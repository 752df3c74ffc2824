# terraform apply -invoke=action.everest_restart.orders
action "everest_restart" "orders" {
  config {
    namespace = "prod"
    name      = "orders"
  }
}
