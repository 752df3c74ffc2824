terraform {
  # 1.11 brought write-only attributes, which keep credentials out of the state.
  required_version = ">= 1.11"

  required_providers {
    everest = {
      source = "openeverest/everest"
    }
  }
}

# With nothing set, the cluster is the one of KUBE_CONFIG_PATH.
provider "everest" {}
