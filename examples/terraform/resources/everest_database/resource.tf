resource "everest_database" "orders" {
  namespace = "prod"
  name      = "orders"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

output "orders_hosts" {
  value = everest_database.orders.hosts
}
