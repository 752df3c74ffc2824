terraform import everest_backup_storage.s3 prod/s3
