"""The control plane: one vertical per noun family, lowest first in ARCHITECTURE.md."""
