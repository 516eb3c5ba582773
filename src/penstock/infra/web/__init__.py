"""HTTP for the control plane without business words: problems, pages, limits, headers, metrics."""
