"""Infrastructure without domain terms: settings, SQL, columns, egress, crypto, spool."""
