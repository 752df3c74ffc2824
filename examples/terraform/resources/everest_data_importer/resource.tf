# A program of your own that restores dumps. It gets a JSON file with the place of the data and with
# address, user and password of the new database.
resource "everest_data_importer" "dump" {
  name              = "pg-dump"
  display_name      = "PostgreSQL dumps"
  description       = "Restores what pg_dump has written."
  supported_engines = ["postgresql"]

  job_spec = {
    image   = "registry.example.com/pg-dump-importer:1.4"
    command = ["/import"]
  }

  config = {
    open_api_v3_schema = {
      type       = "object"
      properties = { parallel = { type = "integer", minimum = 1 } }
    }
  }

  # The fewest rights that the program needs, in the namespace of the database.
  permissions = [{
    api_groups = ["everest.percona.com"]
    resources  = ["databaseclusters"]
    verbs      = ["get"]
  }]

  database_cluster_constraints = { required_fields = [".spec.engine.userSecretsName"] }
}
