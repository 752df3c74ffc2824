data "everest_account" "admin" {
  name = "admin"
}

# The password that Everest's installation has set should be changed.
output "admin_has_its_initial_password" {
  value = data.everest_account.admin.password_in_plain_text
}
