"""Penstock: an LLM gateway with traces, costs and a control plane."""
