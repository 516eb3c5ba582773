"""Batches that were made through the gateways: followed to their end, and recorded."""
