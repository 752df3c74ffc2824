terraform import everest_monitoring_config.pmm prod/pmm
