terraform import everest_namespace.prod prod
