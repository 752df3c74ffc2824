# The configuration that Everest ships: it cannot be a resource, because nobody may change it.
data "everest_load_balancer_config" "eks" {
  name = "eks-default"
}

output "eks_annotations" {
  value = data.everest_load_balancer_config.eks.annotations
}
