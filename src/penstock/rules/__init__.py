"""Pure rules shared by gateway and server. No I/O, clock or randomness: these are arguments."""
