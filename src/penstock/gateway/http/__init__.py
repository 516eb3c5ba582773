"""The gateway's ASGI app, its health paths and what they report."""
