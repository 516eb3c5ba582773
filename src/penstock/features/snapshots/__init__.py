"""What gateways need to know, compiled after every change, published, and kept."""
