"""Use cases of identity: one public method each, with one transaction and its audit event."""
