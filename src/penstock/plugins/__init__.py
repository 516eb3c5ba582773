"""Implementations of `spi`, found by entry point. Plugins never import each other."""
