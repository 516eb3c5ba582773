"""What a LiteLLM configuration becomes in Penstock: pure functions, no I/O."""
