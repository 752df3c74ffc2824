# Every member of a MySQL database on a node of its own, and in different zones if there is room.
resource "everest_pod_scheduling_policy" "spread" {
  name        = "spread-mysql"
  engine_type = "pxc"

  affinity_config = {
    pxc = {
      engine = {
        pod_anti_affinity = {
          required_during_scheduling_ignored_during_execution = [{
            topology_key   = "kubernetes.io/hostname"
            label_selector = { match_labels = { "app.kubernetes.io/component" = "pxc" } }
          }]
          preferred_during_scheduling_ignored_during_execution = [{
            weight = 100
            pod_affinity_term = {
              topology_key   = "topology.kubernetes.io/zone"
              label_selector = { match_labels = { "app.kubernetes.io/component" = "pxc" } }
            }
          }]
        }
      }
      proxy = {
        node_affinity = {
          required_during_scheduling_ignored_during_execution = {
            node_selector_terms = [{
              match_expressions = [{ key = "role", operator = "In", values = ["proxies"] }]
            }]
          }
        }
      }
    }
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

  pod_scheduling_policy_name = everest_pod_scheduling_policy.spread.name
}
