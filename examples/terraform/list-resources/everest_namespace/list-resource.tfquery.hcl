# Every namespace that Everest manages.
list "everest_namespace" "all" {
  provider = everest
}
