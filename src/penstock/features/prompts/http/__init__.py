"""REST routes of prompts."""
