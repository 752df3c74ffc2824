output "name" {
  value = provider::everest::parse_id("prod/orders").name # orders
}
