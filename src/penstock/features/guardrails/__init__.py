"""Guardrail policies of a project."""
