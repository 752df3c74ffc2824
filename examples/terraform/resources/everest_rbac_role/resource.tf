# Without a policy, the resource only switches access control on.
resource "everest_rbac_policy" "access" {
  enabled = true
}

resource "everest_rbac_role" "developer" {
  name    = "developer"
  members = ["alice", "team-shop"]

  permissions = [
    { resource = "namespaces", actions = ["read"], object = "dev" },
    { resource = "database-engines", actions = ["read"], object = "dev/*" },
    { resource = "database-clusters", actions = ["read", "create", "update"], object = "dev/*" },
  ]
}
