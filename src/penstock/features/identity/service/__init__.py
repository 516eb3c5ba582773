"""Use cases of identity: one public method per sentence, each one transaction and its event."""
