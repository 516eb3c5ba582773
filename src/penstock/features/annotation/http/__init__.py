"""The routes of annotation."""
