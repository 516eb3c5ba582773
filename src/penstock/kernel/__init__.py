"""Basic types: ids, errors, time, digests. No I/O; the only dependency is msgspec."""
