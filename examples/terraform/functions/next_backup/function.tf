output "next_backup" {
  value = provider::everest::next_backup("0 2 * * *", "2026-01-01T03:00:00Z") # 2026-01-02T02:00:00Z
}
