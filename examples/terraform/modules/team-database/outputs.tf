output "namespace" {
  description = "Namespace of the database, for an ephemeral everest_database_credentials."
  value       = everest_database.this.namespace
}

output "name" {
  description = "Name of the database, for an ephemeral everest_database_credentials."
  value       = everest_database.this.name
}

output "hosts" {
  description = "Its addresses, with their ports."
  value       = everest_database.this.hosts
}

output "credentials_secret_name" {
  description = "Secret with the passwords of its users, in its namespace."
  value       = everest_database.this.credentials_secret_name
}
