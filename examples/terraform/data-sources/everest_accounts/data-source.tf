data "everest_accounts" "all" {}

output "open_accounts" {
  value = [for account in data.everest_accounts.all.accounts : account.name if account.enabled]
}
