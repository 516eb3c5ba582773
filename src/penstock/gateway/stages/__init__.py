"""The stages of a call, one file each; `pipeline.py` has their order."""
