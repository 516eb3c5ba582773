"""The catalog on the wire: thin routes and their schemas."""
