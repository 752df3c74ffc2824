# Everest and its first namespaces, in one apply. Providers are configured by the caller, both for
# the same cluster.

resource "helm_release" "everest" {
  name       = "everest-core"
  repository = "https://openeverest.github.io/helm-charts/"
  chart      = "openeverest"
  version    = var.chart_version

  # Everest runs in no other namespace.
  namespace        = "everest-system"
  create_namespace = true

  # Images of Everest, of the Operator Lifecycle Manager and of the catalog are pulled.
  timeout = 900

  values = [
    # The namespaces below are made by the provider, with operators that Terraform upgrades.
    yamlencode({ dbNamespace = { enabled = false } }),
    yamlencode(var.values),
  ]
}

resource "everest_namespace" "this" {
  for_each = var.namespaces
  name     = each.key

  engines = {
    pxc        = contains(each.value, "pxc") ? {} : null
    psmdb      = contains(each.value, "psmdb") ? {} : null
    postgresql = contains(each.value, "postgresql") ? {} : null
  }

  # Everest is there before its namespaces, and stays until they are gone.
  depends_on = [helm_release.everest]

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "The engine operators of ${self.name} are not installed yet: apply again to go on waiting."
    }
  }
}
