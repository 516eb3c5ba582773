"""Use cases of notifications: who is notified of an event, and the inbox of each person."""
