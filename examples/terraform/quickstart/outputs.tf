output "hosts" {
  description = "Where the databases listen, inside the cluster: host and port of each address."
  value = {
    orders   = everest_database.orders.hosts
    sessions = everest_database.sessions.hosts
    ledger   = everest_database.ledger.hosts
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
