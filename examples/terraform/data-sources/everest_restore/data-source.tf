data "everest_restore" "drill" {
  namespace = "prod"
  name      = "drill-1"
}

output "drill" {
  value = data.everest_restore.drill.state
}
