variable "namespace" {
  description = "Namespace of the database. It is managed by Everest and has the engine's operator."
  type        = string
}

variable "name" {
  description = "Name of the database."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$", var.name))
    error_message = "The name has at most 22 lowercase letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "engine" {
  description = "The engine: pxc (MySQL), psmdb (MongoDB) or postgresql."
  type        = string

  validation {
    condition     = contains(["pxc", "psmdb", "postgresql"], var.engine)
    error_message = "The engine is pxc, psmdb or postgresql."
  }
}

variable "engine_version" {
  description = "Version of the engine; null: the one that the operator recommends when the database is created."
  type        = string
  default     = null
}

variable "size" {
  description = "Processor and memory of each member: small (1 CPU, 2 GB), medium (2 CPU, 8 GB) or large (4 CPU, 32 GB)."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The size is small, medium or large."
  }
}

variable "replicas" {
  description = "Number of members. One member is for databases that nobody misses."
  type        = number
  default     = 3

  validation {
    condition     = contains([1, 3, 5], var.replicas)
    error_message = "A database has 1, 3 or 5 members."
  }
}

variable "storage_size" {
  description = "Volume of each member. It can grow and never shrink."
  type        = string
  default     = "25Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Gi|Ti)$", var.storage_size))
    error_message = "The storage is a number of Gi or Ti, such as 25Gi."
  }
}

variable "backup" {
  description = <<-EOT
    Where and when backups are taken; null: never.

    - `storage_name`: the backup storage, in the namespace of the database;
    - `schedule`: a cron expression of five fields;
    - `copies`: the number of backups that are kept;
    - `point_in_time_recovery`: true uploads the log all the time. PostgreSQL always does.
  EOT
  type = object({
    storage_name           = string
    schedule               = optional(string, "0 2 * * *")
    copies                 = optional(number, 7)
    point_in_time_recovery = optional(bool, true)
  })
  default = null

  validation {
    condition     = try(var.backup.copies, 1) >= 1
    error_message = "At least one copy is kept."
  }
}

variable "exposed" {
  description = "True puts the database behind a load balancer; false: it is reached inside the cluster only."
  type        = bool
  default     = false
}

variable "load_balancer_config_name" {
  description = "Load balancer configuration of the database while it is exposed; null: load balancers have no annotations. Leave the name in place when you set exposed to false: Everest refuses to remove it."
  type        = string
  default     = null
}

variable "allowed_networks" {
  description = "Networks that may connect from outside the cluster, such as 10.0.0.0/8; empty: all that reach the load balancer."
  type        = list(string)
  default     = []
}

variable "pod_scheduling_policy_name" {
  description = "Pod scheduling policy of the engine; null: pods run on any node."
  type        = string
  default     = null
}

variable "monitoring_config_name" {
  description = "Monitoring configuration, in the namespace of the database; null: it is not monitored."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "True refuses to destroy the database. To destroy it, set it to false and apply before."
  type        = bool
  default     = true
}
