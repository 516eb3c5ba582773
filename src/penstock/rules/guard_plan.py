"""The checks of one call: those of all policies that are for it."""

from collections.abc import Callable, Sequence
from typing import Final

from penstock.kernel.digests import content_hash
from penstock.rules.call_conditions import CallConditions, CallFacts
from penstock.rules.guardrails import Check, GuardrailPolicy, GuardrailsSection, Place
from penstock.rules.scanning import RemoteScanner, Scanner

REQUESTED: Final = frozenset(Place) - {Place.OUTPUT}  # the places that a request can have
ANSWERED: Final = frozenset(Place) - {Place.INPUT}
MakeScanner = Callable[[Check], Scanner | RemoteScanner]
_ESCAPE: Final = b"\\u"


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
        self._local = {
            place: tuple(each for each in checks if each.local and place in each.check.places)
            for place in Place
        }
        self._remote = {
            place: tuple(each for each in checks if each.remote and place in each.check.places)
            for place in Place
        }
        self.of_requests = self._any(REQUESTED)
        self.of_answers = self._any(ANSWERED)
        # answers are judged whole, before their first byte goes out
        self.holds_answers = any(
            each.remote or each.check.ask_again for each in checks if _is_in(each, ANSWERED)
        )

    def local(self, place: Place) -> Sequence[ActiveCheck]:
        """Returns the checks of a place without I/O."""
        return self._local[place]

    def remote(self, place: Place) -> Sequence[ActiveCheck]:
        """Returns the checks of a place with I/O."""
        return self._remote[place]

    def may_concern(self, document: bytes, places: frozenset[Place]) -> bool:
        """Returns false if no check of these places can find anything in a JSON document."""
        if any(self._remote[place] for place in places):
            return True
        scanners = {
            id(each.local): each.local for place in places for each in self._local[place]
        }.values()
        if not scanners:
            return False
        return _ESCAPE in document or any(
            scanner is not None and scanner.may_be_in(document) for scanner in scanners
        )

    def _any(self, places: frozenset[Place]) -> bool:
        return any(self._local[place] or self._remote[place] for place in places)


class GuardrailIndex:
    """The policies of one project."""

    def __init__(self, section: GuardrailsSection) -> None:
        self._policies = [(CallConditions(each.only), each) for each in section.policies]

    def matching(self, facts: Sequence[CallFacts]) -> tuple[GuardrailPolicy, ...]:
        """Returns the policies for a call that may go to one of several targets."""
        return tuple(
            [policy for conditions, policy in self._policies if any(map(conditions.match, facts))]
        )


def _is_in(active: ActiveCheck, places: frozenset[Place]) -> bool:
    return not places.isdisjoint(active.check.places)
