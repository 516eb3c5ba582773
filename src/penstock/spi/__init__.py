"""What can be plugged in: one Protocol file per family. Implementations live in `plugins`."""
