"""The common part of the programs: they read jobs, ask models by their parent, write results.

A library reaches models by its parent only: connections to the network are rejected, whatever the
library wants to report home. A question that got no usable answer decides the result, because
libraries turn such failures into numbers.
"""

import json
import os
import resource
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, cast

MAX_ASKS: Final = 3  # for one answer that follows the schema
MAX_MEMORY_BYTES: Final = 4 * 1024**3  # of data of one process; then it gets a `MemoryError`
_MAX_QUOTED_CHARS: Final = 10_000  # of an answer that the model is shown again
_MAX_REASON_CHARS: Final = 4000  # of a result; more is cut
_NETWORK: Final = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg")


@dataclass(frozen=True)
class LibraryJob:
    """One sample to measure. `target` is the library's name of the metric; `fields` are the parts
    of the sample; `embeddings` says that there is a model of embeddings."""

    target: str
    parameters: dict[str, Any]
    fields: dict[str, Any]
    embeddings: bool = False


@dataclass(frozen=True)
class LibraryResult:
    """A value, or the state of a sample without one."""

    value: float | bool | None
    reason: str = ""
    state: str = "scored"


class NoAnswer(Exception):
    """A model gave no answer that can be used."""


@dataclass(frozen=True)
class Channel:
    """The lines between this process and its parent."""

    received: IO[str]
    sent: IO[str]

    def read(self) -> dict[str, Any] | None:
        """Returns the next message; none at the end."""
        line = self.received.readline()
        return json.loads(line) if line else None

    def write(self, message: Mapping[str, Any]) -> None:
        """Sends a message."""
        self.sent.write(json.dumps(message) + "\n")
        self.sent.flush()


@dataclass
class Models:
    """The models of one job. After a failure there are no further questions."""

    channel: Channel
    failure: LibraryResult | None = None
    _turn: threading.RLock = field(default_factory=threading.RLock)

    def text(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Returns the answer of the model. Raises `NoAnswer`."""
        return self._asked({"messages": list(messages)})

    def document(self, messages: Sequence[Mapping[str, Any]], form: Any) -> Any:
        """Returns an answer in the form of a pydantic model; a wrong one is asked for again. Raises
        `NoAnswer`."""
        schema = strict_schema(form.model_json_schema())
        asked, problem = list(messages), ""
        for _ in range(MAX_ASKS):
            said = self._asked({"messages": asked, "schema": schema})
            try:
                return form.model_validate_json(_without_fence(said))
            except ValueError as error:
                problem = " ".join(str(error).split())[:500]
            again = f"This answer cannot be used: {problem}\nAnswer again with the JSON alone."
            asked += [
                {"role": "assistant", "content": said[:_MAX_QUOTED_CHARS]},
                {"role": "user", "content": again},
            ]
        raise self._failed(f"The judge did not answer in its schema: {problem}", "judge_error")

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """Returns the embeddings of texts. Raises `NoAnswer`."""
        return self._asked({"embed": list(texts)})

    def _asked(self, message: dict[str, Any]) -> Any:
        with self._turn:
            if self.failure is not None:
                raise NoAnswer(self.failure.reason)
            self.channel.write(message)
            answer = self.channel.read() or {}
            if "answer" not in answer:
                raise self._failed(answer.get("problem", ""), "infrastructure_error")
            return answer["answer"]

    def _failed(self, reason: str, state: str) -> NoAnswer:
        self.failure = LibraryResult(None, reason, state)
        return NoAnswer(reason)


Measure = Callable[[LibraryJob, Models], LibraryResult]


def serve(library: str, measure: Measure) -> None:
    """Answers jobs until the input ends. `library` names the package in messages."""
    channel = _prepared()
    while (given := channel.read()) is not None:
        models = Models(channel)
        try:
            result = measure(LibraryJob(**given), models)
        except ImportError as error:
            result = LibraryResult(None, str(error), "missing")
        except Exception as error:  # noqa: BLE001 - whatever a library raises is a result
            result = LibraryResult(
                None, f"{library}: {type(error).__name__}: {error}", "judge_error"
            )
        result = models.failure or result
        reason = result.reason[:_MAX_REASON_CHARS]
        channel.write({"value": result.value, "reason": reason, "state": result.state})


def number(value: Any, reason: object = "") -> LibraryResult:
    """Returns a number of a library as a result; one that is none, or not finite, is
    `unmeasured`."""
    found = float("nan") if value is None else float(value)
    said = str(reason or "")
    if found - found != 0:  # not finite
        return LibraryResult(None, said or "The library gave no number.", "unmeasured")
    return LibraryResult(found, said)


def strict_schema(schema: Any) -> Any:
    """Returns a JSON schema in which objects have all their properties and no others, as strict
    modes of providers demand. References are kept."""
    if isinstance(schema, list):
        return [strict_schema(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    found = {key: strict_schema(value) for key, value in given.items()}
    if found.get("type") == "object" and "properties" in found:
        found |= {"additionalProperties": False, "required": list(found["properties"])}
    return found


def _without_fence(said: str) -> str:
    """Models put JSON into a block of Markdown now and then."""
    text = said.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return text


def _prepared() -> Channel:
    """Returns the channel. What the library prints goes nowhere; it cannot connect, and its memory
    is bounded."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY or most > MAX_MEMORY_BYTES:
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, most))
    channel = Channel(
        os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    )
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.addaudithook(_reject_network)
    return channel


def _reject_network(event: str, arguments: tuple[Any, ...]) -> None:
    del arguments
    if event in _NETWORK:
        raise OSError("Penstock lets this library use no network.")
