"""Repairs a file after a crash: applies the journal, removes damaged counters, and counts the held
amounts again from the open reservations. Runs with the transaction lock.
"""

import logging
from typing import Final

from penstock.infra.counters.entries import (
    EntryClaim,
    blocks_of,
    free_block,
    open_entries,
    owners_in,
)
from penstock.infra.counters.file import OpenFile
from penstock.infra.counters.journal import redo
from penstock.infra.counters.layout import (
    FREE,
    JOURNAL_FLAG_AT,
    REPAIR_FLAG_AT,
    ROW,
    ROWS,
    row_at,
)
from penstock.infra.counters.row import Row
from penstock.infra.shared_file import boot_id
from penstock.rules.claims import CounterKind

_NO_KEY: Final = bytes(16)
_RATES: Final = (CounterKind.RATE, CounterKind.HELD_RATE)
_log: Final = logging.getLogger("penstock.counters")


def finish_interrupted(file: OpenFile, now_ns: int) -> None:
    """Completes what a killed process has left: its transaction, or its repair."""
    if file.data[JOURNAL_FLAG_AT]:
        redo(file.data)
    if file.data[REPAIR_FLAG_AT]:
        repair(file, now_ns)


def repair(file: OpenFile, now_ns: int) -> None:
    """Counts the held amounts again. A counter whose checksum is wrong is removed: it starts from
    zero, and `CounterFacts.lost` says so."""
    file.data[REPAIR_FLAG_AT] = 1
    lost = _remove_damaged(file)
    if lost:
        facts = file.facts()
        file.save_facts(facts._replace(lost=facts.lost + lost, lost_ns=now_ns))
        _log.error("%d damaged counters of limits start from zero", lost)
    held = _held_amounts(file)
    for place in _used_rows(file):
        row = Row.decode(file.data[place : place + ROW.size])
        if row is None:
            continue
        row.new.held = row.old.held = 0
        for claim in held.get(place, ()):
            row.window(claim.start_ns).held += claim.amount
        file.data[place : place + ROW.size] = row.encode()
    file.data[REPAIR_FLAG_AT] = 0


def after_boot(file: OpenFile, now_ns: int) -> None:
    """Prepares a file that another start of the machine has written: rates start again, because
    its monotonic clock does; a power cut may have damaged counters."""
    if file.facts().boot == (boot := boot_id()):
        return
    repair(file, now_ns)
    for place in _used_rows(file):
        row = Row.decode(file.data[place : place + ROW.size])
        if row is not None and row.kind in _RATES:
            row.new.start = 0
            file.data[place : place + ROW.size] = row.encode()
    file.save_facts(file.facts()._replace(boot=boot))


def _used_rows(file: OpenFile) -> list[int]:
    places = (row_at(number) for number in range(ROWS))
    return [place for place in places if file.data[place : place + 16] != _NO_KEY]


def _remove_damaged(file: OpenFile) -> int:
    lost = 0
    for place in _used_rows(file):
        if Row.decode(file.data[place : place + ROW.size]) is None:
            file.data[place : place + ROW.size] = bytes(ROW.size)
            lost += 1
    return lost


def _held_amounts(file: OpenFile) -> dict[int, list[EntryClaim]]:
    """The claims of all open reservations by row. Damaged reservations are removed."""
    held: dict[int, list[EntryClaim]] = {}
    for worker in owners_in(file.data):
        for block in blocks_of(file.data, worker):
            for entry in open_entries(file.data, block):
                if entry.claims is None:
                    file.data[entry.at] = FREE
                    continue
                for claim in entry.claims:
                    held.setdefault(claim.place, []).append(claim)
    return held


def free_blocks(file: OpenFile, worker: int) -> None:
    """Frees the blocks of a worker without open reservations."""
    for block in blocks_of(file.data, worker):
        free_block(file.data, block)
