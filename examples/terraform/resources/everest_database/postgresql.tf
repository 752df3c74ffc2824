resource "everest_database" "reports" {
  namespace = "prod"
  name      = "reports"

  engine = {
    type      = "postgresql"
    replicas  = 2
    storage   = { size = "50Gi" }
    resources = { cpu = "2", memory = "4G" }
    config    = <<-EOT
      max_connections = 200
      shared_buffers  = 1GB
    EOT
  }

  proxy = {
    type     = "pgbouncer"
    replicas = 2
  }
}
