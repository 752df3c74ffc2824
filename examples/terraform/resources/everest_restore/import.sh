terraform import everest_restore.drill prod/drill-1
