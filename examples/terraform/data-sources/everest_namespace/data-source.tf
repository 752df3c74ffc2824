data "everest_namespace" "prod" {
  name = "prod"
}

# Fails before anything is planned in a namespace whose operators are not running.
check "operators" {
  assert {
    condition     = data.everest_namespace.prod.ready
    error_message = "The engine operators of namespace prod are not ready."
  }
}
