terraform import everest_data_importer.dump pg-dump
