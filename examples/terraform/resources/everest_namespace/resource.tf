resource "everest_namespace" "prod" {
  name = "prod"

  engines = {
    pxc        = {}
    psmdb      = { version = "1.21.1" }
    postgresql = { channel = "stable-v2" }
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
