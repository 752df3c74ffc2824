variable "size" {
  type    = string
  default = "25Gi"

  validation {
    condition     = provider::everest::quantity_compare(var.size, "1Gi") >= 0
    error_message = "A database needs at least 1Gi."
  }
}
