list "everest_rbac_policy" "all" {
  provider = everest
}
