variable "alice_password" {
  type      = string
  ephemeral = true
}

# A write-only password (Terraform and OpenTofu 1.11 or later) never reaches the state.
# Raise password_wo_version to send another one.
resource "everest_account" "alice" {
  name = "alice"

  password_wo         = var.alice_password
  password_wo_version = 1
}
