variable "root_password" {
  type      = string
  ephemeral = true
}

resource "everest_database" "sessions" {
  namespace = "prod"
  name      = "sessions"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  users_wo         = { root = var.root_password }
  users_wo_version = 1
}
