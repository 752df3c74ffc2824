output "databases" {
  description = "The addresses of each database, and the Secret with its passwords, by team and name."
  value = {
    for key, database in module.database : key => {
      hosts                   = database.hosts
      credentials_secret_name = database.credentials_secret_name
    }
  }
}
