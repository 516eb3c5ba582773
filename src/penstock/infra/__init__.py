"""The outside world without business words: settings, SQL, columns, egress, crypto, spool."""
