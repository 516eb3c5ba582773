"""Identity: projects, users, members, keys, sessions and the audit log."""
