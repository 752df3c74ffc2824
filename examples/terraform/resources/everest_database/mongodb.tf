resource "everest_database" "catalog" {
  namespace = "prod"
  name      = "catalog"

  engine = {
    type      = "psmdb"
    replicas  = 3
    storage   = { size = "50Gi" }
    resources = { cpu = "1", memory = "4G" }
  }
}
