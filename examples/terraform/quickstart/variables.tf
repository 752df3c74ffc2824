variable "namespace" {
  description = "Namespace for the databases; it must not exist yet."
  type        = string
  default     = "quickstart"
}

variable "bucket" {
  description = "S3 bucket for the backups."
  type        = string
  default     = "everest-quickstart"
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

variable "deletion_protection" {
  description = "Whether `terraform destroy` is refused while the databases exist. Set it to true for databases that matter."
  type        = bool
  default     = false
}
