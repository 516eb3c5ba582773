"""Use cases of webhooks: addresses, the messages to send, and sending them."""
