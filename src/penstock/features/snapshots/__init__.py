"""The snapshot for the gateways: compiled after every change, published, and stored."""
