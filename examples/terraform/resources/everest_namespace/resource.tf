resource "everest_namespace" "prod" {
  name = "prod"

  # The newest version of each operator in the catalog, then left alone. `version` pins one,
  # and raising it upgrades the operator.
  engines = {
    pxc        = {}
    psmdb      = {}
    postgresql = {}
  }

  labels = {
    team = "platform"
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "The engine operators of ${self.name} are not installed yet: apply again to go on waiting."
    }
  }
}
