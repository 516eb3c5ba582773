"""The spool: call records on disk, from the answer to a call until the store has them.

`Spool` is the entry point. `docs/durability.md` lists what may be lost, when, and why nothing else
is.
"""

from penstock.infra.spool.policy import OnFull, SpoolFull, SpoolLimits
from penstock.infra.spool.send import Send, SendOutcome, SendResult
from penstock.infra.spool.spool import Spool
from penstock.infra.spool.stats import SpoolStats

__all__ = [
    "OnFull",
    "Send",
    "SendOutcome",
    "SendResult",
    "Spool",
    "SpoolFull",
    "SpoolLimits",
    "SpoolStats",
]
