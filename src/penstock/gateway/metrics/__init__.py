"""What a worker counts about its calls, and the Prometheus page of all workers of a home."""
