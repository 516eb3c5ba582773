"""How the traffic of a use case is divided over releases, compared and decided."""
