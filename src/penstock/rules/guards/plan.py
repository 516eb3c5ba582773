"""The checks of one call: those of all policies that are for it."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from penstock.kernel.digests import content_hash
from penstock.rules.call_conditions import CallConditions, CallFacts, reader
from penstock.rules.guards.policies import (
    Action,
    Check,
    GuardrailPolicy,
    GuardrailsSection,
    OnFailure,
    Place,
)
from penstock.rules.guards.scanning import RemoteScanner, Scanner

REQUESTED: Final = frozenset(Place) - {Place.OUTPUT}  # the places that a request can have
ANSWERED: Final = frozenset(Place) - {Place.INPUT}
MAX_PLANS: Final = 256  # sets of policies of one project, of which calls choose one
MAX_CHOICES: Final = 4096  # sets of values of calls whose plan is remembered, for each project
MAX_NAMES: Final = 256  # of models that are known to be clean, for each plan
_MAX_NAME_CHARS: Final = 256  # of such a name; longer ones are searched each time
MakeScanner = Callable[[Check], Scanner | RemoteScanner]
_BACKSLASH: Final = 0x5C
_ESCAPE: Final = re.compile(rb"\\u")  # found three times faster than by `find`


class ActiveCheck:
    """A check of a policy, with its scanner: `local` or `remote`."""

    __slots__ = ("check", "local", "policy", "remote")

    def __init__(
        self, policy: GuardrailPolicy, check: Check, scanner: Scanner | RemoteScanner
    ) -> None:
        self.policy = policy
        self.check = check
        self.local = scanner if isinstance(scanner, Scanner) else None
        self.remote = None if isinstance(scanner, Scanner) else scanner


class GuardPlan:
    """The checks of a call by place. `digest` is that of all that decides about its texts."""

    def __init__(self, policies: Sequence[GuardrailPolicy], checks: Sequence[ActiveCheck]) -> None:
        self.digest = content_hash([policy.digest for policy in policies])
        self.policies = policies
        self._checks = checks
        self._local = {
            place: tuple(each for each in checks if each.local and place in each.check.places)
            for place in Place
        }
        self._remote = {
            place: tuple(each for each in checks if each.remote and place in each.check.places)
            for place in Place
        }
        self._clean_names: set[str] = set()
        self._scanners = {places: self._searching(places) for places in (REQUESTED, ANSWERED)}
        self.of_requests = self._any(REQUESTED)
        self.of_answers = self._any(ANSWERED)
        # answers are judged whole, before their first byte goes out
        self.holds_answers = any(
            each.remote or each.check.ask_again for each in checks if _is_in(each, ANSWERED)
        )

    def masking(self) -> "GuardPlan":
        """Returns the checks without I/O, which replace what they find, whatever else they do: for
        what is shown of a call that was blocked."""
        masks = [
            ActiveCheck(
                each.policy,
                replace(each.check, action=Action.REDACT, on_failure=OnFailure.CLOSED),
                each.local,
            )
            for each in self._checks
            if each.local is not None and each.check.action is not Action.FLAG
        ]
        return GuardPlan(self.policies, masks)

    def local(self, place: Place) -> Sequence[ActiveCheck]:
        """Returns the checks of a place without I/O."""
        return self._local[place]

    def remote(self, place: Place) -> Sequence[ActiveCheck]:
        """Returns the checks of a place with I/O."""
        return self._remote[place]

    def may_concern(self, document: bytes, places: frozenset[Place]) -> bool:
        """Returns false if no check of `REQUESTED`, or of `ANSWERED`, can find anything in a JSON
        document."""
        scanners = self._scanners[places]
        if scanners is None:
            return True
        if not scanners:
            return False
        if _BACKSLASH in document and _ESCAPE.search(document):  # a byte is found at once
            return True
        try:
            for scanner in scanners:
                if scanner.may_be_in(document):
                    return True
        except Exception:  # noqa: BLE001 - a plugin: its policy decides when the texts are read
            return True
        return False

    def may_concern_name(self, name: str) -> bool:
        """The same for the name of a model in a request: a few, which callers repeat."""
        if name in self._clean_names:
            return False
        found = self.may_concern(name.encode("utf-8", "replace"), REQUESTED)
        if not found and len(name) <= _MAX_NAME_CHARS and len(self._clean_names) < MAX_NAMES:
            self._clean_names.add(name)
        return found

    def _searching(self, places: frozenset[Place]) -> tuple[Scanner, ...] | None:
        """Returns what searches whole documents; `None` if all must be read."""
        if any(self._remote[place] for place in places):
            return None
        found = [each.local for place in sorted(places) for each in self._local[place]]
        return tuple({id(each): each for each in found if each is not None}.values())

    def _any(self, places: frozenset[Place]) -> bool:
        return any(self._local[place] or self._remote[place] for place in places)


class GuardrailIndex:
    """The policies of one project."""

    def __init__(self, section: GuardrailsSection) -> None:
        self._policies = section.policies
        self._conditions = [CallConditions(each.only) for each in section.policies]
        names = {name for each in section.policies for name in each.only}
        self._readers = [reader(name) for name in sorted(names)]
        self.conditional = bool(names)
        self._chosen: dict[tuple[str, ...], GuardPlan | None] = {}
        self._plans: dict[tuple[int, ...], GuardPlan] = {}
        # a request may contain what must not be recorded
        self.changes_requests = any(
            check.action is not Action.FLAG and not REQUESTED.isdisjoint(check.places)
            for policy in section.policies
            for check in policy.checks
        )

    def plan(self, facts: Sequence[CallFacts], scanner: MakeScanner) -> GuardPlan | None:
        """Returns the checks of a call that may go to one of several targets; `None` without a
        policy for it. The facts may be left out unless the policies are `conditional`."""
        seen = tuple([read(each) for each in facts for read in self._readers]) if facts else ()
        if seen not in self._chosen:
            if len(self._chosen) >= MAX_CHOICES:
                self._chosen.clear()
            self._chosen[seen] = self._choose(facts, scanner)
        return self._chosen[seen]

    def _choose(self, facts: Sequence[CallFacts], scanner: MakeScanner) -> GuardPlan | None:
        key = tuple(
            [
                number
                for number, conditions in enumerate(self._conditions)
                if not self._policies[number].only or any(map(conditions.match, facts))
            ]
        )
        if not key:
            return None
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._make(
                [self._policies[number] for number in key], scanner
            )
        return plan

    def _make(self, policies: Sequence[GuardrailPolicy], scanner: MakeScanner) -> GuardPlan:
        checks = [
            ActiveCheck(policy, check, scanner(check))
            for policy in policies
            for check in policy.checks
        ]
        return GuardPlan(policies, checks)


def _is_in(active: ActiveCheck, places: frozenset[Place]) -> bool:
    return not places.isdisjoint(active.check.places)
