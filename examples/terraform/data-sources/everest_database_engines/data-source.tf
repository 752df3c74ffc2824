data "everest_database_engines" "mysql" {
  namespace = "prod"
  type      = "pxc"
}

output "mysql_version" {
  value = one(data.everest_database_engines.mysql.database_engines[*].recommended_version)
}
