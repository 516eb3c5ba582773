"""Exit codes beyond those of errors."""


class ChangesPending(Exception):
    """`penstock plan` found something to do: exit code 2."""
