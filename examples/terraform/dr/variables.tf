variable "namespace" {
  description = "Namespace of the databases, with the engine pxc."
  type        = string
}

variable "databases" {
  description = <<-EOT
    The database, and those that were restored from its backups, by their names. `restore` is used
    once, when the database is created:

    - `from`: the database whose backup is restored;
    - `backup_name`: the backup; null: the newest that is complete;
    - `point_in_time`: a time in RFC 3339 format to go on to after the backup; null: the time of the
      backup.
  EOT
  type = map(object({
    restore = optional(object({
      from          = string
      backup_name   = optional(string)
      point_in_time = optional(string)
    }))
    deletion_protection = optional(bool, true)
  }))
  default = { orders = {} }
}

variable "active" {
  description = "The database that applications use: the outputs are those of it."
  type        = string
  default     = "orders"

  validation {
    condition     = contains(keys(var.databases), var.active)
    error_message = "${var.active} is not one of the databases: ${join(", ", keys(var.databases))}."
  }
}

variable "fenced" {
  description = "Databases that were active before. They are paused, so that nothing is written to them any more."
  type        = set(string)
  default     = []

  validation {
    condition     = !contains(var.fenced, var.active)
    error_message = "${var.active} is active, so it cannot be fenced."
  }
}

variable "bucket" {
  description = "S3 bucket for the backups."
  type        = string
  default     = "everest-dr"
}

variable "region" {
  description = "Region of the bucket."
  type        = string
  default     = "us-east-1"
}

variable "s3_access_key_id" {
  description = "Access key of the bucket."
  type        = string
  ephemeral   = true
}

variable "s3_secret_access_key" {
  description = "Secret key of the bucket."
  type        = string
  ephemeral   = true
  sensitive   = true
}
