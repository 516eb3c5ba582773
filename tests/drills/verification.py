"""The comparison of the callers' ledger with the store."""

from collections.abc import Collection

from drills.callers import Ledger
from drills.stored_calls import Table


def verify(
    ledger: Ledger, tables: dict[str, Table], *, only: Collection[str] | None = None
) -> None:
    """Asserts missing 0 and doubled 0 in the store; calls that were cut off are stored too.

    `only`: the answered calls that must be stored (default: all).
    """
    answered = ledger.answered if only is None else only
    table = tables["calls"]
    missing = [trace for trace in answered if trace not in table.times]
    doubled = [trace for trace, times in table.times.items() if times > 1]
    unrecorded = [trace for trace in ledger.begun if trace not in table.times]
    attempts = [trace for trace, times in tables["attempts"].times.items() if times > 1]
    wrong = [trace for trace in ledger.ok if table.status.get(trace, "ok") != "ok"]
    print(
        f"{len(answered)} answered, {len(ledger.begun)} cut off after their headers,"
        f" {len(table.times)} stored; missing {len(missing)}, doubled {len(doubled)},"
        f" cut off and unrecorded {len(unrecorded)}, wrong status {len(wrong)}"
    )
    assert (missing, doubled, unrecorded, attempts, wrong) == ([], [], [], [], [])
