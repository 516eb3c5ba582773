"""Wire dialects, pure: what a surface reads, and what it writes. One package per dialect."""
