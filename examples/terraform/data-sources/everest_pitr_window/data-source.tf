data "everest_pitr_window" "orders" {
  namespace     = "prod"
  database_name = "orders"
}

check "point_in_time_recovery" {
  assert {
    condition     = data.everest_pitr_window.orders.latest != null && !data.everest_pitr_window.orders.gaps
    error_message = "orders cannot be restored to every time since its last backup."
  }
}
