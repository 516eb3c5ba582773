"""The interface of detectors: what finds texts that a guardrail policy is about.

Detectors are entry points of the group `penstock.guards`: each names a function without arguments
that returns a `Detector`.
"""

from typing import Protocol

from penstock.rules.guards.policies import Options
from penstock.rules.guards.scanning import RemoteScanner, Scanner


class Detector(Protocol):
    """One kind of detector. Stateless: one instance serves all checks."""

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options of a check, as a sentence; empty if nothing is."""
        ...

    def scanner(self, options: Options) -> Scanner | RemoteScanner:
        """Returns the scanner of a check. Its options have no problem."""
        ...
