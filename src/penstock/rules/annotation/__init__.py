"""Labels of people: their schemas, which are valid, how well they agree."""
