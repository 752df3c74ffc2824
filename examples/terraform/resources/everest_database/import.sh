terraform import everest_database.orders prod/orders
