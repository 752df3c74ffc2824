output "endpoints" {
  description = "Where the databases listen, inside the cluster."
  value = {
    for name, database in {
      orders   = everest_database.orders
      sessions = everest_database.sessions
      ledger   = everest_database.ledger
    } : name => "${database.hostname}:${database.port}"
  }
}

output "credentials_secrets" {
  description = "Secrets with the databases' users, in the namespace."
  value = {
    orders   = everest_database.orders.credentials_secret_name
    sessions = everest_database.sessions.credentials_secret_name
    ledger   = everest_database.ledger.credentials_secret_name
  }
}

output "backup" {
  description = "Where the first backup is."
  value       = everest_backup.first.destination
}
