"""The pure laws that both planes obey. No I/O, no clock, no randomness: all of it is passed in."""
