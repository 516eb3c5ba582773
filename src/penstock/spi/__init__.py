"""Plugin interfaces: one file of Protocols per family. `plugins` has the implementations."""
