"""Who may do what, and who did: projects, members, keys, sessions, audit."""
