"""Files of examples: CSV, JSON lines, Parquet, Excel, and folders of Hugging Face `datasets`."""
