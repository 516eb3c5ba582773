"""Notifications: each person hears of what concerns them, from the audit log."""
