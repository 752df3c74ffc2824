# Also those that schedules have taken.
data "everest_backups" "orders" {
  namespace     = "prod"
  database_name = "orders"
}

locals {
  complete = [
    for backup in data.everest_backups.orders.backups : backup if backup.state == "Succeeded"
  ]
  newest = reverse(sort(local.complete[*].completed_at))[0]
}

check "orders_is_backed_up" {
  assert {
    condition     = timecmp(local.newest, timeadd(plantimestamp(), "-24h")) > 0
    error_message = "The newest backup of orders is from ${local.newest}."
  }
}
