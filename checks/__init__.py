"""House rules that no ready-made linter checks. Run by `make check` as `python -m checks`.

A rule takes one parsed file (or the whole tree) and yields findings; each has a test in
tests/house that shows it failing. A rule enters together with its check, or not at all.
"""
