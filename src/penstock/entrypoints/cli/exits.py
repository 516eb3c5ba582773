"""Exit codes beyond those of errors."""


class CommandExit(Exception):
    """The end of a command with an exit code that is an answer: `penstock plan` found something to
    do, `penstock gate` a regression."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
