"""Notifications: who is notified what, and who sees it, over a real database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from penstock.features.access import Permission, Principal, Role
from penstock.features.identity.model import Member, User
from penstock.features.identity.service.keys import NewKey
from penstock.features.identity.store import users
from penstock.features.notifications import store
from penstock.features.notifications.model import (
    MAX_KEPT,
    Notification,
    NotificationKind,
    StoredNotification,
)
from penstock.features.notifications.service.following import NotificationFeed
from penstock.features.notifications.service.inbox import NotificationInbox
from penstock.features.notifications.service.recipients import Recipients
from penstock.features.notifications.wording import sentence_of, subject_of
from penstock.features.prompts.assembly import comment_texts
from penstock.features.prompts.service.comments import CommentService
from penstock.features.protection.model import ApprovalSubject, Evidence, EvidenceResult
from penstock.features.protection.service.approvals import ApprovalAction
from penstock.kernel.errors import Forbidden
from penstock.rules.rollouts.documents import Rollout
from tests.features.catalog.test_tables import differences
from tests.features.releases.released import Released, open_released

ODD_ACTIONS = {
    *("prompt.comment", "feedback.handle", "annotation.queue.add", "annotation.queue.change"),
    *("approval.request", "approval.approve", "rollout.decided", "rollout.start", "rollout.undo"),
    *("gate.open", "gate.decide", "release.evidence", "from.tomorrow"),
}
MEMBERS = {
    "ann": ("usr_1", Role.ADMIN),
    "eve": ("usr_3", Role.EDITOR),
    "vic": ("usr_4", Role.VIEWER),
    "ada": ("usr_5", Role.ANNOTATOR),
}


@dataclass
class Telling:
    released: Released
    feed: NotificationFeed
    inbox: NotificationInbox
    comments: CommentService

    @property
    def project(self) -> str:
        return self.released.project

    def person(self, name: str) -> Principal:
        """A member as they are when they sign in now."""
        user_id = MEMBERS[name][0] if name in MEMBERS else f"usr_{name}"
        with self.released.world.database.read() as connection:
            roles = users.roles_of(connection, user_id)
        return Principal("user", user_id, f"{name}@example.org", roles)

    def notified(self, name: str) -> list[str]:
        """What a person reads, newest first, without the hashes of releases."""
        self.feed.look()
        found = self.inbox.list_page(self.person(name), "", 100, unread=False)
        return [f"{each.event.actor_label.partition('@')[0]} {_said(each)}" for each in found]

    def comment(self, text: str, by: str = "eve") -> None:
        prompt_id = self.released.prompt_id
        self.comments.add(self.person(by), self.project, prompt_id, text, 1)

    def event(
        self,
        action: str,
        subject: str,
        by: Principal,
        after: Mapping[str, object],
        before: Mapping[str, object] | None = None,
    ) -> None:
        database, log = self.released.world.database, self.released.world.identity.audit_log
        with database.write() as tx:
            log.append(tx, by, self.project, action, subject, before=before, after=after)


def _said(each: Notification) -> str:
    return sentence_of(each.event, each.stored.kind)


@pytest.fixture
def telling(home: Path) -> Iterator[Telling]:
    released = open_released(home)
    identity = released.world.identity
    log, finder, context = identity.audit_reader, identity.user_finder, identity.context
    with released.world.database.write() as tx:
        for name, (user_id, role) in MEMBERS.items():
            email = f"{name}@example.org"
            users.add_user(tx.connection, User(user_id, email, False, 0), "")
            member = Member(released.project, user_id, email, role, 0)
            users.add_member(tx.connection, member)
    yield Telling(
        released,
        NotificationFeed(context, log, Recipients(log, finder)),
        NotificationInbox(context, log, finder, comment_texts),
        CommentService(context),
    )
    released.world.database.close()


def test_the_tables_are_the_declared_ones(telling: Telling) -> None:
    assert differences(telling.released.world, store.METADATA) == []


def test_a_comment_tells_those_whom_it_mentions(telling: Telling) -> None:
    telling.comment("@ann and @vic@example.org: is this <b>right</b>? @eve @nobody @ada")
    said = "eve mentioned you in a comment on the prompt support/answer, version 1."
    assert telling.notified("ann") == telling.notified("vic") == [said]
    assert telling.notified("eve") == []  # wrote it
    assert telling.notified("ada") == []  # may not see prompts
    (found,) = telling.inbox.list_page(telling.person("ann"), "", 10, unread=True)
    assert found.quote.startswith("@ann and @vic@example.org: is this <b>right</b>?")
    assert subject_of(found.event).id == telling.released.prompt_id
    assert telling.notified("ann") == [said]  # looked at once


def test_nobody_learns_who_is_in_another_project(telling: Telling) -> None:
    projects = telling.released.world.identity.projects
    other = projects.create(telling.person("ann"), "other").id
    with telling.released.world.database.write() as tx:
        users.add_user(tx.connection, User("usr_zoe", "zoe@example.org", False, 0), "")
        users.add_member(tx.connection, Member(other, "usr_zoe", "zoe@example.org", Role.OWNER, 0))
    made = [
        telling.comments.add(
            telling.person("eve"), telling.project, telling.released.prompt_id, text, 0
        )
        for text in ("@zoe@example.org", "@nobody@example.org")
    ]
    assert telling.notified("zoe") == []
    assert [replace(each, id="", text="", created_ms=0) for each in made] == [
        replace(made[0], id="", text="", created_ms=0)
    ] * 2


def test_who_leaves_a_project_sees_nothing_of_it(telling: Telling) -> None:
    telling.comment("@vic")
    assert len(telling.notified("vic")) == 1
    vic = telling.person("vic")
    members = telling.released.world.identity.members
    members.remove(telling.person("ann"), telling.project, vic.id)
    assert telling.notified("vic") == []
    assert telling.inbox.count_unread(telling.person("vic")) == 0
    assert telling.inbox.mark(telling.person("vic"), "evt_z", read=True) == 0
    with telling.released.world.database.read() as connection:
        (kept,) = store.list_page(
            connection, vic.id, telling.released.world.root, "", 9, unread=True
        )
    assert not kept.read  # what one may not see, one cannot change


def test_a_lower_role_sees_less(telling: Telling) -> None:
    telling.comment("@vic")
    assert len(telling.notified("vic")) == 1
    members = telling.released.world.identity.members
    members.change_role(telling.person("ann"), telling.project, MEMBERS["vic"][0], Role.ANNOTATOR)
    assert telling.notified("vic") == []


def test_approvals_tell_approvers_and_then_the_author(telling: Telling) -> None:
    digest = telling.released.release().digest  # by eve
    subject = ApprovalSubject(telling.project, digest, "support", "production")
    change = telling.released.approvals.change
    change(telling.person("eve"), subject, ApprovalAction.REQUEST, "tested")
    named = f"the release {digest[:12]} for support/production"
    assert telling.notified("ann") == [f"eve asks for an approval of {named}."]
    assert telling.notified("vic") == telling.notified("eve") == []
    change(telling.person("ann"), subject, ApprovalAction.REJECT, "too dear")
    assert telling.notified("eve") == [f"ann rejected {named}."]
    (found,) = telling.inbox.list_page(telling.person("eve"), "", 10, unread=True)
    assert found.quote == "too dear"


def test_a_rollout_tells_who_started_it(telling: Telling) -> None:
    first = telling.released.release().digest
    telling.released.start(first)  # by eve
    assert telling.notified("eve") == []
    rule = Principal("system", "rollout_rule", "rule", {})
    paused = {"decision": "pause", "reason": "errors above 2 %"}
    telling.event("rollout.decided", "support/dev", rule, after=paused)
    telling.event("rollout.decided", "support/dev", rule, after={"decision": "advance"})
    telling.released.rollouts.stop(
        telling.person("ann"),
        telling.project,
        Rollout("support", "dev", 1, ()),
        message="@vic: off",
    )
    assert telling.notified("eve") == [
        "ann stopped the rollout support/dev.",
        "rule paused the comparison in the rollout support/dev.",
    ]
    assert telling.notified("vic") == ["ann mentioned you in a change of the rollout support/dev."]


def test_failed_gates_and_evidence_tell_who_made_it(telling: Telling) -> None:
    digest = telling.released.release().digest  # by eve
    failed = Evidence(telling.project, digest, "evals", EvidenceResult.FAILED)
    add = telling.released.evidence.add
    add(telling.person("ann"), replace(failed, run="gat_1"))  # the gate notifies it
    add(telling.person("ann"), failed)
    after = {"outcome": "regression", "release": digest}
    telling.event(
        "gate.open", "gat_1", telling.person("ann"), after=after | {"outcome": "confirming"}
    )
    telling.event("gate.decide", "gat_1", telling.person("eve"), after=after)
    assert telling.notified("eve") == [f"ann found a regression: the release {digest[:12]}."]
    assert telling.notified("ann") == ["eve found a regression: the gate gat_1."]


def test_a_key_tells_the_person_who_made_it(telling: Telling) -> None:
    key = Principal(
        "key", "key_1", "ci", {telling.project: Role.EDITOR}, issuers=frozenset({"usr_3"})
    )
    world = telling.released.world
    new = {"candidate": "run_1", "outcome": "regression", "release": ""}
    issued = world.identity.keys.create(
        telling.person("ann"), telling.project, NewKey("ci", Role.EDITOR)
    )
    ci = issued.key.principal()
    telling.event("gate.open", "gat_2", ci, after=new)
    assert telling.notified("ann") == ["ci found a regression: the gate gat_2."]
    assert len(telling.inbox.list_page(ci, "", 10, unread=True)) == 1
    with pytest.raises(Forbidden):  # not known to the database
        telling.inbox.count_unread(key)
    with pytest.raises(Forbidden):
        telling.inbox.choose(ci, [])


def test_assignments_tell_whom_they_are_given_to(telling: Telling) -> None:
    eve = telling.person("eve")
    mine = {"status": "open", "assignee": "ann@example.org"}
    telling.event("feedback.handle", "fb_1", eve, before={"assignee": ""}, after=mine)
    telling.event("feedback.handle", "fb_1", eve, before=mine, after=mine | {"status": "done"})
    queue = {"annotators": ["ada@example.org", "zoe@example.org"]}
    telling.event("annotation.queue.add", "tone", eve, after=queue)
    telling.event("annotation.queue.change", "tone", eve, before=queue, after=queue)
    assert telling.notified("ann") == ["eve assigned the feedback fb_1 to you."]
    assert telling.notified("ada") == ["eve assigned the annotation queue tone to you."]


def test_a_person_chooses_what_they_are_notified(telling: Telling) -> None:
    ann = telling.person("ann")
    telling.inbox.choose(ann, set(NotificationKind) - {NotificationKind.MENTION})
    telling.comment("@ann @vic")
    assert telling.notified("ann") == []
    assert len(telling.notified("vic")) == 1
    assert NotificationKind.MENTION not in telling.inbox.wanted(ann)
    telling.inbox.choose(ann, list(NotificationKind))
    telling.comment("@ann")
    assert len(telling.notified("ann")) == 1


def test_notifications_are_marked_one_by_one_or_all(telling: Telling) -> None:
    for text in ("@ann 1", "@ann 2", "@ann 3"):
        telling.comment(text)
    telling.feed.look()
    ann = telling.person("ann")
    newest, _, oldest = telling.inbox.list_page(ann, "", 10, unread=True)
    assert telling.inbox.mark(ann, [oldest.stored.id], read=True) == 2
    telling.comment("@ann 4")
    telling.feed.look()
    assert telling.inbox.mark(ann, newest.stored.id, read=True) == 1  # came after it was looked at
    assert telling.inbox.mark(ann, [oldest.stored.id], read=False) == 2
    assert telling.inbox.mark(telling.person("vic"), [newest.stored.id], read=False) == 0
    assert telling.inbox.count_unread(ann) == 2


def test_an_inbox_keeps_the_newest_ones(telling: Telling) -> None:
    telling.comment("@ann")
    telling.feed.look()
    ann, database = telling.person("ann"), telling.released.world.database
    (first,) = telling.inbox.list_page(ann, "", 10, unread=True)
    with database.write() as tx:
        for number in range(MAX_KEPT):
            later = replace(first.stored, id=f"evt_z{number:04}")
            store.add(tx.connection, later)
    with database.read() as connection:
        found = store.list_page(connection, ann.id, ann, "", MAX_KEPT + 9, unread=False)
    assert len(found) == MAX_KEPT
    assert found[-1].id == "evt_z0000"
    assert isinstance(found[0], StoredNotification)
    assert found[0].permission is Permission.PROMPTS_READ


@pytest.mark.parametrize("odd", [None, 7, "text", [1, [2]], {"a": [None]}], ids=repr)
def test_an_event_that_cannot_be_read_costs_itself_alone(telling: Telling, odd: object) -> None:
    eve = telling.person("eve")
    fields = ("mentions", "message", "assignee", "annotators", "decision", "outcome", "run")
    states: list[dict[str, object]] = [{name: odd} for name in fields]
    for action in sorted(ODD_ACTIONS):
        for state in states:
            telling.event(action, "prm_1 production", eve, state, state)
            telling.event(action, "", eve, state)
    telling.comment("@vic please look")
    for _ in range(10):
        telling.feed.look()
    assert telling.notified("vic")[0].startswith("eve mentioned you")
