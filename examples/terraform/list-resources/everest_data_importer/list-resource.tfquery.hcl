# Every importer of the cluster, those of Everest's chart included.
list "everest_data_importer" "all" {
  provider = everest
}
