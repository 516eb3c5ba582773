"""Pure vocabulary: ids, errors, time, digests. No I/O; imports nothing but msgspec."""
