"""Between each ordered pair of the chat dialects, a translation keeps the meaning: of requests, of
whole answers, and of streams for every split of their bytes."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.answer import WholeAnswer
from penstock.rules.neutral.collector import collect, events_of
from penstock.rules.neutral.conversation import Conversation
from rules.conversations import answers, conversations, meaning, meaning_of
from rules.dialects import DIALECTS, Dialect

PAIRS = [
    pytest.param(client, provider, id=f"{client.name}-{provider.name}")
    for client, provider in itertools.product(DIALECTS, DIALECTS)
]


@pytest.mark.parametrize(("client", "provider"), PAIRS)
@given(conversation=conversations())
def test_a_request_keeps_its_meaning(
    client: Dialect, provider: Dialect, conversation: Conversation
) -> None:
    conversation = provider.expressible(client.expressible(conversation))
    sent, sent_changes = client.write(conversation)
    asked = client.read(sent)
    assert meaning(asked, sent_changes) == meaning(conversation, sent_changes)
    forwarded, changes = provider.write(asked)
    arrived = provider.read(forwarded)
    assert meaning(arrived, changes) == meaning(asked, changes)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(conversation=conversations())
def test_what_a_dialect_lacks_is_rejected_by_its_name(
    dialect: Dialect, conversation: Conversation
) -> None:
    for name in dialect.lacks:
        if getattr(conversation, name):
            with pytest.raises(InvalidRequest, match="cannot be translated") as caught:
                dialect.write(conversation)
            assert caught.value.param == name


@pytest.mark.parametrize(("client", "provider"), PAIRS)
@given(answer=answers())
def test_a_whole_answer_keeps_its_meaning(
    client: Dialect, provider: Dialect, answer: WholeAnswer
) -> None:
    upstream = provider.surface.render_answer(events_of(answer), provider.name)
    events = provider.plugin.read_events(upstream)
    reply = client.surface.render_answer(events, provider.name)
    assert _plain(collect(client.plugin.read_events(reply))) == _plain(answer)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
@given(answer=answers(), size=st.integers(1, 200))
def test_a_stream_keeps_its_meaning_for_every_split(
    client: Dialect, provider: Dialect, answer: WholeAnswer, size: int
) -> None:
    upstream = b"".join(provider.write_stream(events_of(answer), provider.name))
    events = provider.read_stream(_split(upstream, size))
    reply = b"".join(client.write_stream(events, provider.name))
    assert _plain(collect(client.read_stream(_split(reply, size)))) == _plain(answer)


def _split(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def _plain(answer: WholeAnswer) -> WholeAnswer:
    """The answer without signatures and the time of creation, which not all dialects have."""
    choices = tuple(
        msgspec.structs.replace(choice, parts=meaning_of(choice.parts)) for choice in answer.choices
    )
    return msgspec.structs.replace(answer, choices=choices, created_s=0)
