"""The configuration that governs a call: fetched from the server, kept on disk, indexed."""
