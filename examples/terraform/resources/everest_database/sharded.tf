resource "everest_database" "events" {
  namespace = "prod"
  name      = "events"

  engine = {
    type      = "psmdb"
    replicas  = 3
    storage   = { size = "100Gi" }
    resources = { cpu = "2", memory = "8G" }
  }

  sharding = {
    enabled       = true
    shards        = 2
    config_server = { replicas = 3 }
  }

  proxy = {
    type      = "mongos"
    replicas  = 3
    resources = { cpu = "1", memory = "2G" }
  }
}
