output "database" {
  description = "Name of the database that applications use. Point a DNS name, a Service or the provider of another configuration at it: a promotion then switches all of them."
  value       = everest_database.orders[var.active].name
}

output "hosts" {
  description = "Its addresses, with their ports."
  value       = everest_database.orders[var.active].hosts
}

output "credentials_secret_name" {
  description = "Secret with its passwords. A restored database has a Secret of its own, with the passwords of its source."
  value       = everest_database.orders[var.active].credentials_secret_name
}

output "recoverable" {
  description = "The times to which each source of a restore can be restored now."
  value = {
    for name, window in data.everest_pitr_window.source :
    name => { earliest = window.earliest, latest = window.latest, gaps = window.gaps }
  }
}
