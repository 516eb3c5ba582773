"""The format of Triton's generate extension."""
