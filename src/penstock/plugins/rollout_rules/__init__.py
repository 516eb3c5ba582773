"""Built-in rules of rollouts."""
