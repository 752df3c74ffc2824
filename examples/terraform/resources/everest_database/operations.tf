resource "everest_database" "shop" {
  namespace = "prod"
  name      = "shop"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi", class = "fast" }
    resources = { cpu = "2", memory = "4G" }
    config    = <<-EOT
      [mysqld]
      max_connections = 500
    EOT
  }

  # Clients outside the cluster reach the database at a load balancer. ProxySQL needs Everest 1.15
  # or newer; HAProxy, which is the default, runs on every release.
  proxy = {
    type     = "proxysql"
    replicas = 3
    expose = {
      type                      = "LoadBalancer"
      ip_source_ranges          = ["192.0.2.0/24"]
      load_balancer_config_name = "eks-default"
    }
  }

  monitoring = {
    monitoring_config_name = "pmm"
    resources = {
      requests = { cpu = "100m", memory = "128Mi" }
      limits   = { cpu = "200m", memory = "256Mi" }
    }
  }

  pod_scheduling_policy_name = "everest-default-mysql"

  timeouts = {
    create = "90m"
  }
}
