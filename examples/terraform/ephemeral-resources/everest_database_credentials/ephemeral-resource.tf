ephemeral "everest_database_credentials" "orders" {
  namespace = "prod"
  name      = "orders"
}

# Values that are in no plan and no state, for the settings of other providers and for write-only
# attributes.
locals {
  orders = {
    host     = ephemeral.everest_database_credentials.orders.host
    port     = ephemeral.everest_database_credentials.orders.port
    username = ephemeral.everest_database_credentials.orders.username
    password = ephemeral.everest_database_credentials.orders.password
  }
}
