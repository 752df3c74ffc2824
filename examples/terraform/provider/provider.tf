terraform {
  required_providers {
    everest = {
      source = "openeverest/everest"
    }
  }
}

# A kubeconfig file and one of its contexts. With nothing set, the provider reads
# KUBE_CONFIG_PATH and the other KUBE_* variables, then the service account of the
# pod that it runs in. It never falls back to localhost.
provider "everest" {
  config_path    = "~/.kube/config"
  config_context = "production"
}
