terraform {
  required_version = ">= 1.11"

  required_providers {
    everest = {
      source = "openeverest/everest"
    }
  }
}
