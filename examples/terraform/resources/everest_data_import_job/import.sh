terraform import everest_data_import_job.first_load prod/first-load
