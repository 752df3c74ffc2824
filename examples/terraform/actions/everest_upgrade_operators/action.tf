# terraform apply -invoke=action.everest_upgrade_operators.mysql
action "everest_upgrade_operators" "mysql" {
  config {
    namespace = "prod"
    engines   = ["pxc"]
  }
}
