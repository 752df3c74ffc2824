# Load balancers of AWS that are reached from inside the network only, each with a name in DNS.
# Templates over the Service need Everest 1.13 or later.
resource "everest_load_balancer_config" "internal" {
  name = "internal"

  annotations = {
    "service.beta.kubernetes.io/aws-load-balancer-type"   = "external"
    "service.beta.kubernetes.io/aws-load-balancer-scheme" = "internal"
    "external-dns.alpha.kubernetes.io/hostname"           = "{{ .ObjectMeta.Name }}.db.example.com"
  }
}

resource "everest_database" "orders" {
  namespace = "prod"
  name      = "orders"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type = "haproxy"
    expose = {
      type                      = "LoadBalancer"
      load_balancer_config_name = everest_load_balancer_config.internal.name
    }
  }
}
