"""Wire dialects as pure functions: read requests and answers, write them. A package for each."""
