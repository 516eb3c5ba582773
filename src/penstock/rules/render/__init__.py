"""Renders the templates of prompts, for server, gateway and SDK.

Jinja2 parses a template. `syntax` and `expressions` translate its tree into our own functions and
reject everything that they do not know; nothing else is ever run. The functions work on plain JSON
values, count their steps and the characters that they make, and have no access to Python objects.
"""
