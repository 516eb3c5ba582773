"""Implementations of what `spi` declares, strangers to each other, found by entry point."""
