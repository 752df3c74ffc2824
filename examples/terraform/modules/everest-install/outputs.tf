output "version" {
  description = "Version of Everest."
  value       = helm_release.everest.version
}

output "namespaces" {
  description = "Names of the namespaces. What refers to them is made after Everest and destroyed before it."
  value       = { for name, namespace in everest_namespace.this : name => namespace.name }
}
