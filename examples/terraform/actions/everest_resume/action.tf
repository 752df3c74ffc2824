# terraform apply -invoke=action.everest_resume.orders
action "everest_resume" "orders" {
  config {
    namespace = "staging"
    name      = "orders"
  }
}
