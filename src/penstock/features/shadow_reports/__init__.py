"""What the shadows of rollouts have shown: figures and differences beside those of the callers."""
