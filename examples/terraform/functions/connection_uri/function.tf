output "application_uri" {
  sensitive = true
  value = provider::everest::connection_uri(
    "postgresql", ["orders-pgbouncer.prod.svc:5432"], "app", "p@ss/word", "shop", { sslmode = "require" }
  )
  # postgres://app:p%40ss%2Fword@orders-pgbouncer.prod.svc:5432/shop?sslmode=require
}
