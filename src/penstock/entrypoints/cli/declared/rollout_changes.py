"""The requests that lead a rollout to what a file declares. How far its rule has brought it is its
state, which no file sets back."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from penstock.entrypoints.cli.declared.model import Content, Step
from penstock.entrypoints.cli.declared.rollout_bodies import releases_of
from penstock.kernel.errors import InvalidRequest

MESSAGE: Final = "penstock apply"  # the reason of each change, in history and audit
_AMENDS: Final = frozenset(("shadow", "testers"))
_TAKES_BACK: Final = frozenset(("undo", "roll_back"))
_DECIDES: Final = _TAKES_BACK | {"promote"}


class PresentRollout(NamedTuple):
    """A rollout of the server: its content, its document, and whether a comparison runs."""

    content: Content
    view: Content
    compared: bool

    @property
    def releases(self) -> set[str]:
        """The releases that answer now."""
        return {each["release"] for each in self.view["arms"]}

    @property
    def baseline(self) -> Content:
        """The arm that others are compared with: the only one, if one answers."""
        arms: Sequence[Content] = self.view["arms"]
        return next((each for each in arms if each["name"] == self.view["baseline"]), arms[0])


class RolloutRequests:
    """Requests in order, each with the version that the one before has made."""

    def __init__(self, path: str, seen: int) -> None:
        self._path = path
        self._seen = seen
        self.steps: list[Step] = []

    def add(self, method: str, part: str = "", body: Content | None = None) -> None:
        """Adds a request."""
        seen = {"seen": self._seen, "message": MESSAGE}
        self._seen += 1
        if method == "DELETE":
            self.steps.append(Step(method, f"{self._path}{part}?{urlencode(seen)}"))
        else:
            self.steps.append(Step(method, f"{self._path}{part}", {**(body or {}), **seen}))


def is_reached(wanted: Content, present: PresentRollout) -> bool:
    """Returns whether what answers is what is declared, or on the way there."""
    if "arms" not in wanted and "plan" not in present.content:
        return wanted["release"] == present.content["release"]
    return "plan" in wanted and _compared(wanted) == _compared(present.content)


def is_decided(wanted: Content, present: PresentRollout, history: Sequence[Content]) -> bool:
    """Returns whether this very declaration was in place and has ended since: a release that was
    taken back, or a comparison that was decided. `history`: newest first."""
    arms = "arms" in wanted
    if arms and len(present.releases) != 1:
        return False
    ends = _DECIDES if arms else _TAKES_BACK
    for change in history:
        answered = {each["release"] for each in change["arms"]}
        if answered == releases_of(wanted) if arms else wanted["release"] in answered:
            return arms or wanted["release"] not in present.releases
        if change["action"] not in ends | _AMENDS:
            return False
    return False


def add_start(requests: RolloutRequests, wanted: Content, present: PresentRollout | None) -> str:
    """Adds the request that begins what is declared. Returns a note for the plan."""
    ends = present is not None and present.compared
    if "arms" in wanted:
        body = {each: wanted[each] for each in ("arms", "baseline")}
        requests.add("PUT", "/comparison", body | _rest(wanted))
        return "a comparison begins anew" if ends else "a comparison begins"
    before = present and present.baseline
    if "plan" not in wanted or before is None or before["release"] == wanted["release"]:
        requests.add("PUT", "", {"release": wanted["release"]})
        return "ends the comparison" if ends else ""
    requests.add("PUT", "/comparison", _canary(wanted, before))
    percent = wanted["plan"]["steps"][0]["percent"]
    again = "the comparison begins anew, " if ends else ""
    return f"{again}with {percent:g} % of the calls"


def add_amendments(requests: RolloutRequests, wanted: Content, present: PresentRollout) -> None:
    """Adds the requests that change shares and testers of the comparison that runs."""
    shares = _percents(wanted)
    if shares != _percents(present.content):
        requests.add("PUT", "/comparison/shares", {"percents": shares})
    if "plan" in present.content and wanted.get("overrides") != present.content["overrides"]:
        requests.add("PUT", "/testers", {"overrides": wanted["overrides"]})


def add_shadow(
    requests: RolloutRequests, wanted: Content, present: PresentRollout | None, answering: set[str]
) -> None:
    """Adds the request that sets or ends the shadow. `answering`: the releases that answer after
    the requests before. Raises `InvalidRequest` if the shadow is one of them."""
    shadow = wanted["shadow"]
    if shadow and shadow["release"] in answering:
        raise InvalidRequest("The shadow is a release that answers itself.", param="shadow")
    kept = present.content["shadow"] if present else None
    if kept and answering == {kept["release"]}:
        kept = None
    if shadow == kept:
        return
    if shadow:
        requests.add("PUT", "/shadow", shadow)
    else:
        requests.add("DELETE", "/shadow")


def answering_after(wanted: Content, present: PresentRollout | None, *, starts: bool) -> set[str]:
    """Returns the releases that answer once the declared ones were started, or stay."""
    if present is not None and not starts:
        return present.releases
    before = {present.baseline["release"]} if present and "name" in wanted else set[str]()
    return releases_of(wanted) | before


def _canary(wanted: Content, before: Content) -> dict[str, Any]:
    if before["name"] == wanted["name"]:
        raise InvalidRequest("The release that answers now has this name, too.", param="name")
    percent = wanted["plan"]["steps"][0]["percent"]
    arms = [
        {"release": before["release"], "percent": 100 - percent, "name": before["name"]},
        {"release": wanted["release"], "percent": percent, "name": wanted["name"]},
    ]
    return {"arms": arms, "baseline": before["name"], **_rest(wanted)}


def _rest(wanted: Content) -> dict[str, Any]:
    return {each: wanted[each] for each in ("plan", "sticky", "overrides")}


def _percents(content: Content) -> dict[str, float]:
    return {each["name"]: each["percent"] for each in content.get("arms", ())}


def _compared(content: Content) -> dict[str, Any]:
    """The parts of a comparison whose change begins it anew."""
    parts = {name: content[name] for name in content if name not in ("shadow", "overrides")}
    if "arms" in parts:
        parts["arms"] = {each["name"]: each["release"] for each in parts["arms"]}
    return parts
