"""The `main` of a process that is started with its configuration as JSON."""

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from penstock.infra.process import read_config_argument
from penstock.kernel.errors import SetupError

C = TypeVar("C")
SETUP_EXIT = 2  # exit code if the process cannot start until a person changes something


def run_main(
    arguments: Sequence[str],
    config: type[C],
    run: Callable[[C], None],
    *,
    name: str,
    default: str = "",
) -> int:
    """Decodes the configuration and runs the process. Returns the exit code: 0 after an orderly
    stop, `SETUP_EXIT` with one line on standard error if it cannot start."""
    try:
        run(msgspec.json.decode(read_config_argument(arguments, default), type=config))
    except msgspec.DecodeError as error:
        return _report(name, f"The {name}'s configuration is not valid: {error}.")
    except SetupError as error:
        return _report(name, error.sentence())
    return 0


def _report(name: str, sentence: str) -> int:
    sys.stderr.write(f"penstock {name}: {sentence}\n")
    return SETUP_EXIT
