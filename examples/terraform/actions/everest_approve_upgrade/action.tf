# terraform apply -invoke=action.everest_approve_upgrade.prod
action "everest_approve_upgrade" "prod" {
  config {
    namespace = "prod"
    timeout   = "45m"
  }
}
