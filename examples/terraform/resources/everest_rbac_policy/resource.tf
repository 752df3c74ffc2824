resource "everest_rbac_policy" "policy" {
  enabled = true

  policy = <<-CSV
    # Everest gives role:admin every permission.
    g, admin, role:admin

    p, role:developer, namespaces, read, dev
    p, role:developer, database-engines, read, dev/*
    p, role:developer, database-clusters, *, dev/*
    p, role:developer, database-cluster-credentials, read, dev/*
    g, alice, role:developer
  CSV
}
