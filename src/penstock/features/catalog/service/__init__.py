"""Use cases of the catalog: one public method per sentence, each one transaction and its event."""
