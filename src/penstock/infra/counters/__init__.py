"""The counter file: limits and budgets that hold over all gateway workers of a machine.

`LocalCounters` is the entry point; `FileReader` reads beside it.
"""

from penstock.infra.counters.counter_file import CounterFile
from penstock.infra.counters.file import allowance_path_in, path_in
from penstock.infra.counters.local import LocalCounters
from penstock.infra.counters.reader import FileReader

__all__ = ["CounterFile", "FileReader", "LocalCounters", "allowance_path_in", "path_in"]
