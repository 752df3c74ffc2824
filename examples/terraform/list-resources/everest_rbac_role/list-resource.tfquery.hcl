list "everest_rbac_role" "all" {
  provider = everest
}
