# Every configuration of the cluster, the one that Everest ships included.
list "everest_load_balancer_config" "all" {
  provider = everest
}
