"""What models can do, and the patterns that name them."""
