terraform {
  required_version = ">= 1.11"

  required_providers {
    everest = {
      source  = "openeverest/everest"
      version = "~> 0.1"
    }
  }
}

# A kubeconfig file and one of its contexts.
provider "everest" {
  config_path    = "~/.kube/config"
  config_context = "production"
}

resource "everest_namespace" "prod" {
  name    = "prod"
  engines = { pxc = {} }
}

resource "everest_database" "orders" {
  namespace = everest_namespace.prod.name
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

# Each address with its port, inside the cluster.
output "hosts" {
  value = everest_database.orders.hosts
}

# The Secret with the passwords, which are in no state.
output "secret" {
  value = everest_database.orders.credentials_secret_name
}
