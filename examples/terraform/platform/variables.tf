variable "teams" {
  description = <<-EOT
    The teams, by the names of their namespaces:

    - `members`: accounts, or groups of the OIDC provider, that may use Everest's user interface;
    - `databases`: the databases, by their names. `exposed` puts one behind an internal load balancer.
  EOT
  type = map(object({
    members = list(string)
    databases = optional(map(object({
      engine              = string
      size                = optional(string, "small")
      storage_size        = optional(string, "25Gi")
      exposed             = optional(bool, false)
      deletion_protection = optional(bool, true)
    })), {})
  }))

  validation {
    condition     = alltrue([for team in values(var.teams) : length(team.members) > 0])
    error_message = "Each team has at least one member: Everest knows no role without members."
  }
}

variable "bucket_prefix" {
  description = "Each team has a bucket for its backups: this prefix, a hyphen and the name of the team."
  type        = string
}

variable "region" {
  description = "Region of the buckets."
  type        = string
}

variable "s3_credentials" {
  description = "Access key and secret key of the buckets, by team."
  type        = map(object({ access_key_id = string, secret_access_key = string }))
  ephemeral   = true
  sensitive   = true
}

variable "pmm_url" {
  description = "URL of the monitoring server."
  type        = string

  validation {
    condition     = startswith(var.pmm_url, "https://")
    error_message = "The URL of the monitoring server begins with https://."
  }
}

variable "pmm_api_key" {
  description = "API key of the monitoring server."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "credentials_version" {
  description = "Raise it after the credentials of the buckets or the key of the monitoring server have changed."
  type        = number
  default     = 1
}

variable "allowed_networks" {
  description = "Networks that may connect to exposed databases."
  type        = list(string)
  default     = ["10.0.0.0/8"]
}

variable "node_label" {
  description = "Label of the nodes that databases run on."
  type        = object({ key = string, value = string })
  default     = { key = "workload", value = "databases" }
}
