output "size" {
  value = provider::everest::quantity_normalise("1024Mi") # 1Gi
}
