"""Detectors: what guardrail policies look for."""
