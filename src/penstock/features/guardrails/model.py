"""Values of guardrail policies, and which policies are valid."""

from typing import Protocol

from penstock.infra.stored_documents import StoredDocument
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.guards.policies import Check, GuardrailPolicy, Options, problem_of

StoredPolicy = StoredDocument[GuardrailPolicy]


class OptionsCheck(Protocol):
    """A detector, as far as a policy needs it."""

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options of a check, as a sentence; empty if nothing is."""
        ...


class Detectors(Protocol):
    """The installed detectors."""

    def names(self) -> tuple[str, ...]:
        """Returns their names, sorted."""
        ...

    def get(self, kind: str) -> OptionsCheck:
        """Returns a detector. Raises `NotFound`."""
        ...


def check_policy(policy: GuardrailPolicy, detectors: Detectors) -> None:
    """Raises `InvalidRequest` for a policy that cannot work."""
    if problem := problem_of(policy):
        raise InvalidRequest(problem)
    for number, check in enumerate(policy.checks):
        _check_detector(check, detectors, f"checks.{number}")
    _check_repetition(policy)


def _check_detector(check: Check, detectors: Detectors, param: str) -> None:
    if check.detector not in detectors.names():
        raise InvalidRequest(
            f"There is no detector {check.detector[:80]!r}.",
            hint=f"Use one of: {', '.join(detectors.names()) or 'none is installed'}.",
            param=param,
        )
    try:
        detector = detectors.get(check.detector)
    except NotFound as error:
        raise InvalidRequest(error.message, hint=error.hint, param=param) from error
    if problem := detector.problem_of(check.options):
        raise InvalidRequest(problem, param=f"{param}.options")


def _check_repetition(policy: GuardrailPolicy) -> None:
    """A second check of the same detector, options and place would decide nothing, or contradict
    the first one."""
    seen: list[tuple[str, Options, str]] = []
    for number, check in enumerate(policy.checks):
        for place in check.places:
            if (check.detector, check.options, place) in seen:
                raise InvalidRequest(
                    f"Two checks look for the same with {check.detector!r} in {place}.",
                    hint="Keep the stricter one.",
                    param=f"checks.{number}",
                )
            seen.append((check.detector, check.options, place))
