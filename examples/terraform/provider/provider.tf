terraform {
  required_providers {
    everest = {
      source = "openeverest/everest"
    }
  }
}

# A kubeconfig file and one of its contexts.
provider "everest" {
  config_path    = "~/.kube/config"
  config_context = "production"
}
