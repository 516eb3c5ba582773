"""Online evaluation: evaluators on a sample of recorded calls; what they say becomes scores."""
