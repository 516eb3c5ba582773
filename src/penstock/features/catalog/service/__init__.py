"""Use cases of the catalog: one public method each, with one transaction and its audit event."""
