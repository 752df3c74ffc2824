# Every policy of the cluster, those that Everest ships included.
list "everest_pod_scheduling_policy" "all" {
  provider = everest
}
