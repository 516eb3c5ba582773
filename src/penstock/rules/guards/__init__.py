"""Guardrail checks: policies, which apply to a call, where texts are, how findings are held."""
