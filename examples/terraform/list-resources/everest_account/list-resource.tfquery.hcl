list "everest_account" "all" {
  provider = everest
}
