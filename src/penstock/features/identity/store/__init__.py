"""Tables and queries of identity. Functions take a connection and return values, never rows."""
