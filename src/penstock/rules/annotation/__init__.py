"""human labels: their schemas, which are valid, how well they agree."""
