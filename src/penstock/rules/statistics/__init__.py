"""Statistics: pure functions, each held to published values or exact enumeration by its tests."""
