data "everest_rbac_role" "developer" {
  name = "developer"
}

output "developers" {
  value = data.everest_rbac_role.developer.members
}
