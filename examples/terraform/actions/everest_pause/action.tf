# terraform apply -invoke=action.everest_pause.orders
action "everest_pause" "orders" {
  config {
    namespace = "staging"
    name      = "orders"
  }
}
