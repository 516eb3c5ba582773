"""Project rules that no existing linter checks. `make check` runs them as `python -m checks`.

A rule takes one parsed file (or the whole tree) and yields findings. Each rule has a test in
tests/house that shows it failing.
"""
