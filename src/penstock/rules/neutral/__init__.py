"""The neutral form between two wire formats: requests as conversations, answers as events."""
