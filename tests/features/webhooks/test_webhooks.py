"""Webhooks: signed messages to a real HTTP server, tried again, reported once."""

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from penstock.features.protection.model import Evidence, EvidenceResult
from penstock.features.webhooks import store
from penstock.features.webhooks.model import (
    MAX_KEPT,
    MAX_MESSAGE_BYTES,
    MAX_PENDING,
    MAX_WEBHOOKS,
    PAUSES_S,
    MessageState,
    NewWebhook,
    WebhookChange,
    WebhookEventType,
)
from penstock.features.webhooks.service.outbox import WebhookEvent, WebhookOutbox, message_of
from penstock.features.webhooks.service.sending import WebhookSender
from penstock.features.webhooks.service.webhooks import IssuedWebhook, WebhookService
from penstock.infra.crypto import Sealer
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from tests.features.catalog.test_tables import differences
from tests.features.releases.released import Released, open_released


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found

    def is_signed_by(self, secret: str) -> bool:
        """As the library of Standard Webhooks signs it. Its `verify` compares the time with that of
        the machine, which is another one in these tests."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        wanted = Webhook(secret).sign(self.headers["webhook-id"], at, self.body.decode())
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """A server that answers with `statuses`, the last one again and again."""

    statuses: list[int] = field(default_factory=lambda: [204])
    received: list[Received] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.received.append(Received(headers, body))
            status = found.statuses.pop(0) if len(found.statuses) > 1 else found.statuses[0]
            self.send_response(status)
            if status == 307:
                self.send_header("location", found.url)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?from=penstock"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


class MovedClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000 * 10**9

    def now_ns(self) -> int:
        return self.ns

    def monotonic(self) -> float:
        return self.ns / 1e9

    def pass_s(self, seconds: float) -> None:
        self.ns += int(seconds * 10**9)


@dataclass
class Hooked:
    released: Released
    webhooks: WebhookService
    outbox: WebhookOutbox
    sealer: Sealer
    clock: MovedClock

    @property
    def project(self) -> str:
        return self.released.project

    def add(self, url: str, *events: str) -> IssuedWebhook:
        new = NewWebhook(url, tuple(map(WebhookEventType, events)), private_allowed=True)
        return self.webhooks.add(self.released.world.root, self.project, new)

    def round(self) -> int:
        """One round of a sender that was just started."""

        async def run() -> int:
            egress = Egress()
            try:
                return await self.sender(egress).round()
            finally:
                egress.close()

        return asyncio.run(run())

    def sender(self, egress: Egress) -> WebhookSender:
        return WebhookSender(self.webhooks._context, self.sealer, egress, self.outbox)

    def fail_evidence(self) -> None:
        digest = self.released.release().digest
        evidence = Evidence(self.project, digest, "evals", EvidenceResult.FAILED)
        self.released.evidence.add(self.released.world.admin, evidence)

    def log(self, webhook_id: str) -> list[tuple[str, str, int]]:
        found = self.webhooks.messages(self.project, webhook_id, 100)
        return [(each.event.value, each.state.value, each.tries) for each in found]


@pytest.fixture
def hooked(home: Path) -> Iterator[Hooked]:
    released, clock = open_released(home), MovedClock()
    context = replace(released.world.identity.context, clock=clock)
    log, sealer = released.world.identity.audit_reader, Sealer(bytes(32))
    yield Hooked(
        released,
        WebhookService(context, sealer, log.last_sequence),
        WebhookOutbox(context, log.after),
        sealer,
        clock,
    )
    released.world.database.close()


def test_the_tables_are_the_declared_ones(hooked: Hooked) -> None:
    assert differences(hooked.released.world, store.METADATA) == []


def test_what_happens_is_reported_once_and_signed(hooked: Hooked, receiver: Receiver) -> None:
    hooked.fail_evidence()  # before there was a webhook
    issued = hooked.add(receiver.url)
    hooked.released.start(hooked.released.release().digest)
    hooked.fail_evidence()
    assert hooked.round() == 2
    assert hooked.round() == 0
    started, failed = sorted(receiver.received, key=lambda each: str(each.content["type"]))[::-1]
    assert started.content["type"] == "rollout.started"
    assert failed.content["type"] == "evidence.failed"
    data = started.content["data"]
    assert isinstance(data, dict)
    assert (data["subject"], data["actor"]) == ("support/dev", "eve@example.org")
    assert started.is_signed_by(issued.secret)
    assert not started.is_signed_by("whsec_" + base64.b64encode(bytes(32)).decode())
    assert (
        hooked.log(issued.webhook.id)
        == [(each, "delivered", 1) for each in ("rollout.started", "evidence.failed")]
        or len(hooked.log(issued.webhook.id)) == 2
    )


def test_only_wanted_events_are_reported(hooked: Hooked, receiver: Receiver) -> None:
    hooked.add(receiver.url, "evidence.failed")
    hooked.released.start(hooked.released.release().digest)
    hooked.fail_evidence()
    hooked.round()
    assert [each.content["type"] for each in receiver.received] == ["evidence.failed"]


def test_a_message_is_tried_again_with_growing_pauses(hooked: Hooked, receiver: Receiver) -> None:
    receiver.statuses = [500, 307, 204]
    issued = hooked.add(receiver.url)
    hooked.fail_evidence()
    assert hooked.round() == 1
    assert hooked.round() == 0
    for pause in PAUSES_S[:2]:
        hooked.clock.pass_s(pause - 1)
        assert hooked.round() == 0
        hooked.clock.pass_s(1)
        assert hooked.round() == 1  # each round is a new sender: nothing is kept in memory
    assert hooked.log(issued.webhook.id) == [("evidence.failed", "delivered", 3)]
    ids = {each.headers["webhook-id"] for each in receiver.received}
    assert len(receiver.received) == 3  # the redirect was not followed
    assert len(ids) == 1


def test_after_a_day_without_success_it_is_disabled(hooked: Hooked, receiver: Receiver) -> None:
    receiver.statuses = [503]
    issued = hooked.add(receiver.url)
    hooked.fail_evidence()
    for pause in (*PAUSES_S, 0):
        assert hooked.round() == 1
        hooked.clock.pass_s(pause)
    assert hooked.log(issued.webhook.id) == [("evidence.failed", "failed", len(PAUSES_S) + 1)]
    (webhook,) = hooked.webhooks.list(hooked.project)
    assert "503" in webhook.disabled
    (notice,) = hooked.sender(Egress()).notices()
    assert f"penstock webhook enable {webhook.id}" in notice
    hooked.fail_evidence()
    assert hooked.round() == 0
    receiver.statuses = [204]
    hooked.webhooks.enable(hooked.released.world.admin, hooked.project, webhook.id)
    assert hooked.round() == 1  # what happened meanwhile is reported
    actions = [
        each.action
        for each in hooked.released.world.identity.audit_reader.list_page(hooked.project, None, 20)
    ]
    assert {"webhook.add", "webhook.disabled", "webhook.enable"} <= set(actions)


def test_a_receiver_that_is_gone_is_disabled_at_once(hooked: Hooked, receiver: Receiver) -> None:
    receiver.statuses = [410]
    hooked.add(receiver.url)
    hooked.fail_evidence()
    hooked.round()
    (webhook,) = hooked.webhooks.list(hooked.project)
    assert "410" in webhook.disabled


def hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_a_receiver_that_hangs_up_or_is_away_is_tried_again(
    hooked: Hooked, receiver: Receiver
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        issued = hooked.add(address)
        hooked.fail_evidence()
        assert hooked.round() == 1
        thread.join()
    hooked.clock.pass_s(PAUSES_S[0])
    assert hooked.round() == 1  # now nobody listens
    (message,) = hooked.webhooks.messages(hooked.project, issued.webhook.id, 10)
    assert (message.state, message.tries) == ("pending", 2)
    assert message.problem


def test_a_new_secret_overlaps_with_the_old_one_for_a_day(
    hooked: Hooked, receiver: Receiver
) -> None:
    first = hooked.add(receiver.url)
    admin, hook = hooked.released.world.admin, first.webhook.id
    second = hooked.webhooks.rotate(admin, hooked.project, hook)
    hooked.webhooks.test(hooked.project, hook)
    hooked.round()
    hooked.clock.pass_s(24 * 3600 + 1)
    hooked.webhooks.test(hooked.project, hook)
    hooked.round()
    during, after = receiver.received
    assert during.is_signed_by(first.secret)
    assert during.is_signed_by(second.secret)
    assert not after.is_signed_by(first.secret)
    assert after.is_signed_by(second.secret)


def test_no_secret_is_stored_or_audited_in_the_clear(hooked: Hooked, receiver: Receiver) -> None:
    secret = hooked.add(receiver.url).secret
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stored = hooked.released.world.stored_bytes()
    assert key not in stored
    assert secret.encode() not in stored


def test_feedback_is_reported_once(hooked: Hooked, receiver: Receiver) -> None:
    hooked.add(receiver.url, "feedback.received")
    said = {"id": "s1", "time_ns": 7, "name": "thumb", "value": 0.0, "project_id": hooked.project}
    for _ in range(2):
        hooked.outbox.feedback(hooked.project, [said])
    hooked.outbox.feedback("prj_other", [said | {"id": "s2"}])
    assert hooked.round() == 1
    assert receiver.received[0].content["data"] == said


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:9/x", "private_address"),
        ("https://10.0.0.1/x", "private_address"),
        ("https://169.254.169.254/x", "invalid_request"),
        ("ftp://example.org", "invalid_request"),
        ("http://hooks.example.org/x", "invalid_request"),
        ("https://example.org/x?a=b c", "invalid_request"),
    ],
)
def test_an_address_that_is_not_allowed_is_refused(hooked: Hooked, url: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hooked.webhooks.add(hooked.released.world.admin, hooked.project, NewWebhook(url))
    assert caught.value.code == code


def test_only_instance_admins_allow_private_addresses(hooked: Hooked) -> None:
    new = NewWebhook("http://127.0.0.1:9/x", private_allowed=True)
    with pytest.raises(Forbidden):
        hooked.webhooks.add(hooked.released.world.admin, hooked.project, new)


def test_a_name_of_a_private_address_is_found_when_it_is_sent(
    hooked: Hooked, receiver: Receiver
) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    new = NewWebhook(f"https://localhost.:{port}/x")
    with pytest.raises(InvalidRequest):
        hooked.webhooks.add(hooked.released.world.admin, hooked.project, new)
    issued = hooked.add(receiver.url)
    with hooked.released.world.database.write() as tx:
        store.save_webhook(tx.connection, replace(issued.webhook, private_allowed=False))
    hooked.fail_evidence()
    hooked.round()
    assert receiver.received == []
    (message,) = hooked.webhooks.messages(hooked.project, issued.webhook.id, 10)
    assert "address" in message.problem


def test_webhooks_belong_to_their_project(hooked: Hooked, receiver: Receiver) -> None:
    hook = hooked.add(receiver.url).webhook.id
    admin = hooked.released.world.admin
    for act in (
        lambda: hooked.webhooks.rotate(admin, "prj_other", hook),
        lambda: hooked.webhooks.enable(admin, "prj_other", hook),
        lambda: hooked.webhooks.remove(admin, "prj_other", hook),
        lambda: hooked.webhooks.test("prj_other", hook),
        lambda: hooked.webhooks.messages("prj_other", hook, 1),
    ):
        with pytest.raises(NotFound):
            act()
    hooked.webhooks.remove(admin, hooked.project, hook)
    assert hooked.webhooks.list(hooked.project) == []


def test_a_given_secret_signs_and_is_compared_and_events_change(
    hooked: Hooked, receiver: Receiver
) -> None:
    who, project = hooked.released.world.root, hooked.project
    secret = "whsec_" + "b2xk" * 10
    new = NewWebhook(receiver.url, (WebhookEventType.FEEDBACK,), private_allowed=True)
    hook = hooked.webhooks.add(who, project, replace(new, secret=secret)).webhook
    assert hooked.webhooks.matches(project, hook.id, secret)
    assert not hooked.webhooks.matches(project, hook.id, "whsec_" + "bmV3" * 10)
    with pytest.raises(InvalidRequest, match="base64 of 24 to 64 bytes"):
        hooked.webhooks.rotate(who, project, hook.id, "whsec_short")
    with pytest.raises(Conflict, match="a webhook with this address"):
        hooked.webhooks.add(who, project, new)
    with pytest.raises(Forbidden):
        hooked.webhooks.add(hooked.released.world.admin, project, new)
    failed = WebhookChange((WebhookEventType.EVIDENCE_FAILED,))
    assert hooked.webhooks.change(who, project, hook.id, failed).events == failed.events
    with pytest.raises(InvalidRequest, match="private"):
        hooked.webhooks.change(who, project, hook.id, WebhookChange(private_allowed=False))
    hooked.fail_evidence()
    assert hooked.round() == 1
    assert receiver.received[0].is_signed_by(secret)


def test_webhooks_messages_and_their_size_are_bounded(hooked: Hooked, receiver: Receiver) -> None:
    hook = hooked.add(receiver.url).webhook
    event = WebhookEvent("e", WebhookEventType.TEST, "now", {"id": "x", "more": "y" * 10**5})
    message = message_of(hook, event, 0)
    assert len(message.body) < MAX_MESSAGE_BYTES
    assert json.loads(message.body)["data"] == {"id": "x", "truncated": True}
    with hooked.released.world.database.write() as tx:
        for at in range(MAX_KEPT + 5):
            old = message_of(hook, replace(event, source=f"{at}", data={}), at)
            store.add_message(tx.connection, old)
    with hooked.released.world.database.write() as tx:
        tx.connection.execute(store.MESSAGES.update().values(state="delivered"))
        newest = message_of(hook, replace(event, source="newest", data={}), 10**6)
        store.add_message(tx.connection, newest)
        store.save_message(tx.connection, replace(newest, state=MessageState.DELIVERED))
    assert len(hooked.webhooks.messages(hooked.project, hook.id, 2000)) == MAX_KEPT
    with hooked.released.world.database.write() as tx:
        rows = [
            {c.name: getattr(row, c.name) for c in store.MESSAGES.columns}
            for row in tx.connection.execute(store.MESSAGES.select().limit(1))
        ]
        waiting = [rows[0] | {"id": f"w{at}", "state": "pending"} for at in range(MAX_PENDING)]
        tx.connection.execute(store.MESSAGES.insert(), waiting)
    hooked.fail_evidence()
    hooked.outbox.look()
    with hooked.released.world.database.read() as connection:
        assert store.count_pending(connection, hook.id) == MAX_PENDING  # it waits in the audit log
    for number in range(MAX_WEBHOOKS - 1):
        hooked.add(f"{receiver.url}&n={number}")
    with pytest.raises(InvalidRequest, match="at most"):
        hooked.add(receiver.url)
