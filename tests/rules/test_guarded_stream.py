"""Streams of all wire formats under guardrails: the split law, tool arguments, what is held."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.guards.card_numbers import CardNumbers
from penstock.plugins.guards.secrets import Secrets
from penstock.rules.formats.sse_framing import SseFraming
from penstock.rules.guards.documents import GuardedDocument
from penstock.rules.guards.plan import GuardPlan
from penstock.rules.guards.policies import Action, OnFailure, Place
from penstock.rules.guards.results import CheckResults, GuardrailBlocked, GuardrailFailed
from penstock.rules.guards.streams import MAX_CHANNELS, MAX_HELD_BYTES, GuardedStream
from penstock.rules.guards.text import GuardedText
from penstock.rules.wire.text_places import ALL_PLACES
from tests.rules.guard_streams import FORMATS, Format, sse
from tests.rules.guard_texts import CARDS, TEXTS, TOKENS, active, both, plan, results, split

CARD, SECRET = CARDS[0], TOKENS[0]
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=4)
formats = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def passed(
    form: Format, stream: list[bytes], checks: GuardPlan, noted: CheckResults | None = None
) -> bytes:
    guarded = GuardedStream(checks, noted or results(), ALL_PLACES, form.framing())
    out = [guarded.feed(piece) for piece in stream]
    return b"".join([*out, guarded.close()])


def redacted(text: str) -> str:
    guarded = GuardedText(both(), Place.OUTPUT, results())
    guarded.add(text)
    guarded.end()
    new = guarded.render(0, len(text))
    return text if new is None else new


@formats
@given(text=TEXTS, sizes=SIZES, values=st.lists(st.sampled_from(("a", CARD, SECRET)), max_size=3))
def test_a_client_gets_the_same_text_for_every_split(
    form: Format, text: str, sizes: list[int], values: list[str]
) -> None:
    arguments = json.dumps({"values": values})
    stream = b"".join(form.write(split(text, sizes), split(arguments, sizes)))
    pieces = [stream[at : at + 7 * sizes[0]] for at in range(0, len(stream), 7 * sizes[0])]
    got, got_arguments = form.read(passed(form, pieces, plan(*both())))
    assert got == redacted(text)
    if got_arguments:
        assert json.loads(got_arguments) == json.loads(redacted(arguments))


@formats
def test_a_stream_without_a_finding_passes_byte_for_byte_as_it_comes(form: Format) -> None:
    stream = form.write(["Hello", " world", ".\n\n", "é😀"], ['{"a": ', '"b"}'])
    guarded = GuardedStream(plan(*both()), results(), ALL_PLACES, form.framing())
    out = [guarded.feed(event) for event in stream]
    assert b"".join([*out, guarded.close()]) == b"".join(stream)
    texts = [event for event in stream if b"world" in event][:1]
    assert texts[0] in out  # it did not wait


@formats
def test_what_may_be_the_begin_of_a_secret_waits(form: Format) -> None:
    stream = form.write(["a ", SECRET[:4], SECRET[4:], " b"], ["{}"])
    guarded = GuardedStream(plan(*both()), results(), ALL_PLACES, form.framing())
    first = next(number for number, event in enumerate(stream) if SECRET[:4].encode() in event)
    out = b"".join([guarded.feed(event) for event in stream[: first + 1]])
    assert SECRET[:4].encode() not in out
    assert guarded.is_waiting


@formats
@pytest.mark.parametrize("place", [Place.OUTPUT, Place.TOOL_ARGUMENTS])
@pytest.mark.parametrize("action", list(Action))
def test_each_action_holds_in_its_place_only(form: Format, place: Place, action: Action) -> None:
    arguments = json.dumps({"card": CARD}, separators=(",", ":"))
    stream = form.write(split(f"my {CARD}.", [3]), split(arguments, [3]))
    if form.read(b"".join(stream))[1] in ("", "{}") and place is Place.TOOL_ARGUMENTS:
        return  # completions have none
    checks = plan(active(CardNumbers(), action, places=(place,), name="card_numbers"))
    noted = results()
    if action is Action.BLOCK:
        with pytest.raises(GuardrailBlocked):
            passed(form, stream, checks, noted)
        return
    got, got_arguments = form.read(passed(form, stream, checks, noted))
    changed = place if action is Action.REDACT else None
    assert got == ("my [card number]." if changed is Place.OUTPUT else f"my {CARD}.")
    if got_arguments:
        wanted = "[card number]" if changed is Place.TOOL_ARGUMENTS else CARD
        assert json.loads(got_arguments) == {"card": wanted}
    assert noted.records()[0].place == place


@formats
def test_arguments_stay_json_and_escapes_in_them_hide_nothing(form: Format) -> None:
    hidden = "".join(f"\\u{ord(each):04x}" for each in CARD)
    stream = form.write(["a"], split(f'{{"a":["{hidden}"],"b":{CARD}}}', [5]))
    _, arguments = form.read(passed(form, stream, plan(*both())))
    if arguments:
        assert json.loads(arguments) == {"a": ["[card number]"], "b": "[card number]"}


def chunk(text: str, index: int = 0) -> bytes:
    return sse({"choices": [{"index": index, "delta": {"content": text}}]})


def test_choices_are_texts_of_their_own() -> None:
    form = FORMATS["chat"]
    stream = [chunk(CARD[:8], 0), chunk(CARD[:8], 1), chunk(CARD[8:], 1), chunk(" apart", 0)]
    out = passed(form, [*stream, b"data: [DONE]\n\n"], plan(*both()))
    assert out.count(b"[card number]") == 1
    assert b'"index":1,"delta":{"content":"[card number]"}' in out
    assert chunk(CARD[:8], 0) in out


def test_other_lines_of_an_event_stay() -> None:
    event = f'id: 7\nevent: x\ndata: {{"choices":\ndata: [{{"text":"{CARD}."}}]}}\n\n'.encode()
    out = passed(FORMATS["chat"], [event], plan(*both()))
    assert out == b'id: 7\nevent: x\ndata: {"choices":[{"text":"[card number]."}]}\n\n'


def test_events_without_json_and_comments_are_searched_too() -> None:
    stream = [b": waiting\n\n", f": {CARD} \n\n".encode(), f"data: my {CARD}.\n\n".encode()]
    out = passed(FORMATS["chat"], stream, plan(*both()))
    assert out == b": waiting\n\ndata: my [card number].\n\n"


def test_a_stream_that_ends_in_an_event_passes_as_it_came() -> None:
    stream = [chunk("a"), b"data: [DONE]"]
    assert passed(FORMATS["chat"], stream, plan(*both())) == b"".join(stream)


def test_an_answer_of_which_too_much_waits_is_a_failure_of_its_checks() -> None:
    piece = sse({"choices": [{"index": 0, "delta": {"tool_calls": [_call("x" * 100_000)]}}]})
    stream = [piece] * (MAX_HELD_BYTES // len(piece) + 1)
    with pytest.raises(GuardrailFailed, match="too long"):
        passed(FORMATS["chat"], stream, plan(active(Secrets())))
    noted = results()
    checks = plan(active(Secrets(), on_failure=OnFailure.OPEN))
    assert passed(FORMATS["chat"], stream, checks, noted) == b"".join(stream)
    assert noted.records()[0].failure == "the answer is too long to be held"


def _call(arguments: str) -> dict[str, object]:
    return {"index": 0, "function": {"arguments": arguments}}


def test_too_many_texts_are_malformed() -> None:
    stream = [chunk("a", index) for index in range(MAX_CHANNELS + 1)]
    with pytest.raises(UpstreamFailed, match="too many"):
        passed(FORMATS["chat"], stream, plan(*both()))


def test_a_text_that_goes_on_after_its_end_is_malformed() -> None:
    end = sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    with pytest.raises(UpstreamFailed, match="goes on"):
        passed(FORMATS["chat"], [chunk(CARD[:8]), end, chunk(CARD[8:])], plan(*both()))


@formats
def test_an_answer_that_is_held_goes_out_when_it_was_judged(form: Format) -> None:
    checks = plan(*both(), active(_Remote(), name="remote"))
    stream = form.write(split(f"my {CARD} is here.", [3]), ['{"a": "b"}'])
    guarded = GuardedStream(checks, results(), ALL_PLACES, form.framing())
    assert not any(guarded.feed(event) for event in stream)
    assert guarded.close() == b""
    guarded.texts.judge(checks, results())
    texts = [group.whole() for group in guarded.texts.of(Place.OUTPUT)]
    assert "my [card number] is here." in texts
    for group in guarded.texts.of(Place.OUTPUT):
        group.rewrite(group.whole().replace("here", "there"))
    assert form.read(guarded.release_all())[0] == "my [card number] is there."


class _Remote:
    async def find(self, texts: object) -> tuple[()]:
        raise AssertionError(texts)


def test_a_whole_answer_says_the_same_as_its_stream() -> None:
    raw = json.dumps({"choices": [{"message": {"content": f"my {CARD}."}}]}).encode()
    guarded = GuardedDocument(raw, ALL_PLACES, Place.OUTPUT)
    guarded.judge(plan(*both()), results())
    assert json.loads(guarded.encoded())["choices"][0]["message"]["content"] == redacted(
        f"my {CARD}."
    )
    assert SseFraming().rest() is None


@given(
    st.lists(st.one_of(TEXTS, st.text(max_size=4)), min_size=2, max_size=12),
    st.booleans(),
)
def test_events_of_one_shape_are_judged_like_those_that_are_read(
    pieces: list[str], ascii_only: bool
) -> None:
    def event(text: str, number: int) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        other = {"id": "c1", "n": number, "choices": [choice], "usage": None}
        return b"data: %b\n\n" % json.dumps(other, ensure_ascii=ascii_only).encode()

    alike = [event(text.encode("utf-8", "replace").decode(), 0) for text in pieces]
    apart = [event(text.encode("utf-8", "replace").decode(), at) for at, text in enumerate(pieces)]
    read = FORMATS["chat"].read
    done = b"data: [DONE]\n\n"
    checks = plan(*both())
    got = passed(FORMATS["chat"], [*alike, done], checks)
    assert read(got)[0] == read(passed(FORMATS["chat"], [*apart, done], checks))[0]
    if got.count(b"[") == b"".join(alike).count(b"[") + 1:  # nothing was replaced
        assert got == b"".join([*alike, done])


def test_a_shape_is_not_learned_from_a_text_that_stands_elsewhere() -> None:
    """`name` has the same text as the content: only one of them goes on."""

    def event(text: str, name: str) -> bytes:
        return sse({"name2": name, "choices": [{"index": 0, "delta": {"content": text}}]})

    stream = [event("a", "a"), event("a", CARD), event("a", "b"), event("b", f"{CARD}.")]
    out = passed(FORMATS["chat"], [*stream, b"data: [DONE]\n\n"], plan(*both()))
    assert CARD.encode() not in out
    assert out.count(b"[card number]") == 2


_JUNK = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            *(b"data: ", b"\n\n", b"\r\n\r\n", b"event: x\n", b": ping\n\n", b"data: [DONE]\n\n"),
            *(b'{"choices":', b'[{"delta":{"content":"', b'"}}]}', b"\\u0034", b"[[[[", b"null"),
            *(
                CARD.encode(),
                SECRET[:9].encode(),
                b'{"type":1}',
                b'{"index":[]}',
                b'{"index":true}',
            ),
            chunk("4111"),
            chunk("x", 1),
        ]
    ),
)


@formats
@given(pieces=st.lists(_JUNK, max_size=30))
def test_whatever_a_provider_sends_passes_or_ends_with_a_listed_error(
    form: Format, pieces: list[bytes]
) -> None:
    noted = results()
    try:
        out = passed(form, pieces, plan(*both()), noted)
    except (UpstreamFailed, GuardrailFailed):
        return
    if not noted.records():
        assert out == b"".join(pieces)
