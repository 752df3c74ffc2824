# A namespace with the operators of all three engines, a database of each, a
# place for backups, one backup and a copy of its database made from it.

resource "everest_namespace" "quickstart" {
  name = var.namespace

  engines = {
    pxc        = {}
    psmdb      = {}
    postgresql = {}
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "The engine operators of ${self.name} are not installed yet: apply again to go on waiting."
    }
  }
}

resource "everest_backup_storage" "s3" {
  namespace = everest_namespace.quickstart.name
  name      = "s3"
  type      = "s3"
  bucket    = var.bucket
  region    = var.region

  access_key_id_wo       = var.s3_access_key_id
  secret_access_key_wo   = var.s3_secret_access_key
  credentials_wo_version = 1
}

# MySQL, with a nightly backup.
resource "everest_database" "orders" {
  namespace           = everest_namespace.quickstart.name
  name                = "orders"
  deletion_protection = var.deletion_protection

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type     = "haproxy"
    replicas = 2
  }

  backup = {
    schedules = {
      nightly = {
        schedule            = "0 2 * * *"
        backup_storage_name = everest_backup_storage.s3.name
        retention_copies    = 7
      }
    }
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

# MongoDB, a single node.
resource "everest_database" "sessions" {
  namespace           = everest_namespace.quickstart.name
  name                = "sessions"
  deletion_protection = var.deletion_protection

  engine = {
    type      = "psmdb"
    replicas  = 1
    storage   = { size = "10Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

# PostgreSQL, two nodes behind PgBouncer.
resource "everest_database" "ledger" {
  namespace           = everest_namespace.quickstart.name
  name                = "ledger"
  deletion_protection = var.deletion_protection

  engine = {
    type      = "postgresql"
    replicas  = 2
    storage   = { size = "10Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type     = "pgbouncer"
    replicas = 1
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

resource "everest_backup" "first" {
  namespace           = everest_namespace.quickstart.name
  database_name       = everest_database.orders.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = "first"

  lifecycle {
    postcondition {
      condition     = self.completed_at != null
      error_message = "Backup ${self.name} is not complete yet: apply again to go on waiting."
    }
  }
}

# A drill: the backup is restored into a copy, and "orders" goes on undisturbed.
resource "everest_database" "drill" {
  namespace           = everest_namespace.quickstart.name
  name                = "orders-drill"
  deletion_protection = false

  engine = {
    type      = "pxc"
    replicas  = 1
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  data_source = { db_cluster_backup_name = everest_backup.first.name }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}
