"""Tables and queries of identity. Rows never leave; every function takes the connection."""
