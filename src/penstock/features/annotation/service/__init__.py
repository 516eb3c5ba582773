"""The use cases of annotation."""
