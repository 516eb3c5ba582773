"""The worker process: long work that must survive the end of any process."""
