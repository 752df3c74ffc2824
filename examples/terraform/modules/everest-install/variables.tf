variable "chart_version" {
  description = "Version of Everest's chart, which is the version of Everest."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]+\\.[0-9]+$", var.chart_version))
    error_message = "The version is one of Everest v1, such as 1.16.2. Everest v2 has other kinds."
  }
  validation {
    condition     = try(tonumber(split(".", var.chart_version)[1]) >= 14, true)
    error_message = "Use version 1.14.0 or newer: earlier charts are in another repository."
  }
}

variable "namespaces" {
  description = "Namespaces for databases, each with the engines whose operators it has: pxc (MySQL), psmdb (MongoDB) and postgresql."
  type        = map(set(string))

  validation {
    condition     = alltrue([for engines in values(var.namespaces) : length(engines) > 0])
    error_message = "Each namespace has at least one engine."
  }
  validation {
    condition     = length(setsubtract(flatten([for engines in values(var.namespaces) : tolist(engines)]), ["pxc", "psmdb", "postgresql"])) == 0
    error_message = "The engines are pxc, psmdb and postgresql."
  }
}

variable "values" {
  description = "Further values of the chart, for example of its server, its TLS certificate or OpenShift."
  type        = any
  default     = {}
}
