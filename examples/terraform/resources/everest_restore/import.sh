terraform import everest_restore.rollback prod/rollback-1
