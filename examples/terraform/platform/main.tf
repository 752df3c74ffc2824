# Databases for the teams of an organisation: what is shared is decided here, and a team is an entry
# of a variable. See README.md.

locals {
  # Each database with its team: "shop/orders".
  databases = merge([
    for team, its in var.teams : {
      for name, database in its.databases : "${team}/${name}" => merge(database, { team = team, name = name })
    }
  ]...)

  # The engines that the databases of each team need, and MySQL where there are none yet.
  engines = {
    for team, its in var.teams : team => toset(
      length(its.databases) > 0 ? [for database in values(its.databases) : database.engine] : ["pxc"]
    )
  }

  # Members and proxies run on the nodes for databases, each on another one if there is room.
  pods = {
    node_affinity = {
      required_during_scheduling_ignored_during_execution = {
        node_selector_terms = [{
          match_expressions = [{ key = var.node_label.key, operator = "In", values = [var.node_label.value] }]
        }]
      }
    }
    pod_anti_affinity = {
      preferred_during_scheduling_ignored_during_execution = [{
        weight = 1
        pod_affinity_term = {
          topology_key = "kubernetes.io/hostname"
          # Without a selector, a term selects no pod. The keys narrow it to the same database.
          label_selector   = { match_expressions = [{ key = "app.kubernetes.io/name", operator = "Exists" }] }
          match_label_keys = ["app.kubernetes.io/instance", "app.kubernetes.io/component"]
        }
      }]
    }
  }
}

# Shared by all namespaces.

resource "everest_pod_scheduling_policy" "database_nodes" {
  for_each    = toset(["pxc", "psmdb", "postgresql"])
  name        = "database-nodes-${each.key}"
  engine_type = each.key

  affinity_config = {
    pxc        = each.key == "pxc" ? { engine = local.pods, proxy = local.pods } : null
    psmdb      = each.key == "psmdb" ? { engine = local.pods, proxy = local.pods, config_server = local.pods } : null
    postgresql = each.key == "postgresql" ? { engine = local.pods, proxy = local.pods } : null
  }
}

resource "everest_load_balancer_config" "internal" {
  name = "internal"

  annotations = {
    "service.beta.kubernetes.io/aws-load-balancer-type"   = "external"
    "service.beta.kubernetes.io/aws-load-balancer-scheme" = "internal"
  }
}

# Without this, every account may do everything in Everest.
resource "everest_rbac_policy" "access" {
  enabled = true
}

# One of each for a team.

resource "everest_namespace" "team" {
  for_each = var.teams
  name     = each.key
  labels   = { team = each.key }

  engines = {
    pxc        = contains(local.engines[each.key], "pxc") ? {} : null
    psmdb      = contains(local.engines[each.key], "psmdb") ? {} : null
    postgresql = contains(local.engines[each.key], "postgresql") ? {} : null
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "The engine operators of ${self.name} are not installed yet: apply again to go on waiting."
    }
  }
}

resource "everest_backup_storage" "team" {
  for_each  = var.teams
  namespace = everest_namespace.team[each.key].name
  name      = "backups"
  type      = "s3"
  bucket    = "${var.bucket_prefix}-${each.key}"
  region    = var.region

  access_key_id_wo       = var.s3_credentials[each.key].access_key_id
  secret_access_key_wo   = var.s3_credentials[each.key].secret_access_key
  credentials_wo_version = var.credentials_version
}

resource "everest_monitoring_config" "team" {
  for_each  = var.teams
  namespace = everest_namespace.team[each.key].name
  name      = "pmm"
  type      = "pmm"
  pmm       = { url = var.pmm_url }

  api_key_wo         = var.pmm_api_key
  api_key_wo_version = var.credentials_version
}

# In the user interface, a team sees its databases, their backups and their passwords. It changes
# nothing there: what it changes is an entry of the variable.
resource "everest_rbac_role" "team" {
  for_each = var.teams
  name     = each.key
  members  = each.value.members

  permissions = [
    { resource = "namespaces", actions = ["read"], object = everest_namespace.team[each.key].name },
    { resource = "database-engines", actions = ["read"], object = "${each.key}/*" },
    { resource = "database-clusters", actions = ["read"], object = "${each.key}/*" },
    { resource = "database-cluster-backups", actions = ["read", "create"], object = "${each.key}/*" },
    { resource = "database-cluster-restores", actions = ["read"], object = "${each.key}/*" },
    { resource = "database-cluster-credentials", actions = ["read"], object = "${each.key}/*" },
    { resource = "backup-storages", actions = ["read"], object = "${each.key}/*" },
    { resource = "monitoring-instances", actions = ["read"], object = "${each.key}/*" },
  ]

  # The switch belongs to the same document.
  depends_on = [everest_rbac_policy.access]
}

module "database" {
  source   = "../modules/team-database"
  for_each = local.databases

  namespace           = everest_namespace.team[each.value.team].name
  name                = each.value.name
  engine              = each.value.engine
  size                = each.value.size
  storage_size        = each.value.storage_size
  deletion_protection = each.value.deletion_protection

  backup                     = { storage_name = everest_backup_storage.team[each.value.team].name }
  monitoring_config_name     = everest_monitoring_config.team[each.value.team].name
  pod_scheduling_policy_name = everest_pod_scheduling_policy.database_nodes[each.value.engine].name
  allowed_networks           = var.allowed_networks
  exposed                    = each.value.exposed

  # Of all, so that a database can be exposed and taken back: Everest refuses to remove the name.
  load_balancer_config_name = everest_load_balancer_config.internal.name
}
