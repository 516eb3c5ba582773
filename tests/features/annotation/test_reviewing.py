"""Queues and annotators at work."""

import pytest

from penstock.features.access import Principal, Role
from penstock.features.annotation.model.items import (
    LEASE_MS,
    MAX_COMMENT_CHARS,
    LabelState,
)
from penstock.features.annotation.service.deciding import SentDecision
from penstock.features.annotation.service.reviewing import SubmittedLabel
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.annotation.labels import LabelChoice, LabelKind, LabelSchema
from tests.features.annotation.conftest import Annotation, schema


def test_two_annotators_do_not_get_the_same_item_at_once(annotation: Annotation) -> None:
    annotation.queue()
    assert annotation.fill().added == 10
    ann, bob = annotation.person("ann"), annotation.person("bob")
    first, second = annotation.next(ann, 2), annotation.next(bob, 2)
    assert not {each.id for each in first} & {each.id for each in second}
    assert annotation.next(ann, 2) == first  # what is reserved comes again
    annotation.clock.forward(LEASE_MS / 1000 + 1)
    assert annotation.next(bob, 10)[0] == first[0]


def test_an_overlap_gives_each_item_to_so_many_annotators(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    annotation.fill(dataset="faq", limit=1)
    ann, bob, cid = (annotation.person(each) for each in ("ann", "bob", "cid"))
    (item,) = annotation.next(ann)
    annotation.label(ann, item.id, True)
    assert annotation.next(ann) == []
    assert [each.id for each in annotation.next(bob)] == [item.id]
    assert annotation.next(cid) == []
    annotation.label(bob, item.id, False)
    _, progress = annotation.queues.get(annotation.project, "review")
    assert (progress.open, progress.differing, progress.waiting) == (0, 1, 1)
    assert [(each.annotator, each.labelled) for each in progress.annotators] == [
        ("ann@example.org", 1),
        ("bob@example.org", 1),
    ]


def test_a_label_with_an_ended_reservation_is_not_lost(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=1)
    ann, bob = annotation.person("ann"), annotation.person("bob")
    (item,) = annotation.next(ann)
    annotation.clock.forward(LEASE_MS / 1000 + 1)
    annotation.next(bob)
    annotation.label(bob, item.id, True)
    annotation.label(ann, item.id, False)
    _, found = annotation.deciding.item(annotation.project, "review", item.id)
    assert found.given == {"bob@example.org": True, "ann@example.org": False}


def test_a_person_changes_skips_and_takes_back_their_label(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=1)
    ann, bob = annotation.person("ann"), annotation.person("bob")
    (item,) = annotation.next(ann)
    annotation.label(ann, item.id, True, comment="fine")
    annotation.label(ann, item.id, False)
    (own,) = annotation.reviewing.own(ann, annotation.project, "review", None, 10)
    assert own.label
    assert (own.label.value, own.label.revision, own.label.comment) == (False, 2, "")
    annotation.reviewing.withdraw(ann, annotation.project, "review", item.id)
    assert annotation.next(bob) == []  # it is reserved for the one who took it back
    assert [each.id for each in annotation.next(ann)] == [item.id]
    annotation.label(ann, item.id, None, skipped=True, comment="not my language")
    assert annotation.next(ann) == []
    assert [each.id for each in annotation.next(bob)] == [item.id]
    _, found = annotation.deciding.item(annotation.project, "review", item.id)
    assert (found.labels[0].state, found.item.skips, found.item.open) == (
        LabelState.SKIPPED,
        1,
        True,
    )
    with pytest.raises(NotFound):
        annotation.reviewing.withdraw(bob, annotation.project, "review", item.id)


def test_what_cannot_be_a_label_is_refused_and_changes_nothing(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=1)
    ann = annotation.person("ann")
    (item,) = annotation.next(ann)
    with pytest.raises(InvalidRequest, match="outside the schema"):
        annotation.label(ann, item.id, "yes")
    with pytest.raises(InvalidRequest, match="comment has more"):
        annotation.label(ann, item.id, True, comment="x" * (MAX_COMMENT_CHARS + 1))
    with pytest.raises(InvalidRequest, match="skip has a reason"):
        annotation.label(ann, item.id, None, skipped=True)
    with pytest.raises(NotFound, match="has no item"):
        annotation.label(ann, "i-other", True)
    _, found = annotation.deciding.item(annotation.project, "review", item.id)
    assert found.labels == []


def test_the_schema_is_free_until_the_first_label(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=2)
    ann = annotation.person("ann")
    (item,) = annotation.next(ann)
    seen = schema().digest()
    graded = schema(LabelKind.ORDINAL)
    place = annotation.editor, annotation.project, "review"
    annotation.queues.change(*place, schema=graded)
    sent = SubmittedLabel(seen, True)
    with pytest.raises(Conflict) as changed:
        annotation.reviewing.label(ann, annotation.project, "review", item.id, sent)
    assert changed.value.code == "annotation_schema_changed"
    annotation.label(ann, item.id, "good")
    for fields in ({"schema": schema()}, {"score": "other"}):
        with pytest.raises(Conflict) as frozen:
            annotation.queues.change(*place, **fields)
        assert frozen.value.code == "annotation_schema_frozen"
    after = annotation.queues.change(*place, guidelines="Look twice.", schema=graded)
    assert after.guidelines == "Look twice."


def test_more_annotators_open_items_again(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=2)
    annotation.label_all(annotation.person("ann"), [True])
    place = annotation.editor, annotation.project, "review"
    annotation.queues.change(*place, overlap=2)
    assert annotation.queues.get(annotation.project, "review")[1].open == 2
    annotation.queues.change(*place, overlap=1)
    assert annotation.queues.get(annotation.project, "review")[1].open == 1


def test_only_named_annotators_label_and_keys_never_do(annotation: Annotation) -> None:
    annotation.queue(annotators=("ann@example.org",))
    annotation.fill(dataset="faq", limit=1)
    with pytest.raises(Forbidden, match="names its annotators"):
        annotation.next(annotation.person("bob"))
    key = Principal("key", "key_1", "ci", {annotation.project: Role.ADMIN})
    with pytest.raises(Forbidden, match="given by annotators"):
        annotation.next(key)
    assert len(annotation.next(annotation.person("ann"))) == 1


def test_one_named_person_decides_where_labels_differ(annotation: Annotation) -> None:
    annotation.queue(overlap=2, adjudicator="zoe@example.org")
    annotation.fill(dataset="faq", limit=2)
    ann, bob, zoe = (annotation.person(each) for each in ("ann", "bob", "zoe"))
    annotation.label_all(ann, [True, True])
    annotation.label_all(bob, [True, False])
    _, waiting = annotation.deciding.items(
        annotation.project, "review", QueueItemFilter(state="differing"), 0, 10
    )
    (found,) = waiting
    assert found.final is None
    sent = SentDecision(schema().digest(), False, "see the guidelines", "A better answer.")
    place = annotation.project, "review", found.item.id
    with pytest.raises(Forbidden, match="Only zoe@example"):
        annotation.deciding.decide(annotation.editor, *place, sent)
    with pytest.raises(InvalidRequest):
        annotation.deciding.decide(zoe, *place, SentDecision(sent.schema, "maybe"))
    decided = annotation.deciding.decide(zoe, *place, sent)
    assert (decided.final, decided.correction) == (False, "A better answer.")
    with pytest.raises(Conflict, match="has decided this item"):
        annotation.label(ann, found.item.id, False)
    with pytest.raises(Conflict, match="your label stays"):
        annotation.reviewing.withdraw(ann, *place)
    taken = annotation.deciding.take_back(zoe, *place)
    assert (taken.final, taken.item.decision) == (None, None)


def test_two_adjudicators_do_not_overwrite_each_other(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=1)
    (item,) = annotation.next(annotation.person("ann"))
    one = annotation.person("one", Role.EDITOR)
    other = annotation.person("other", Role.EDITOR)
    place = annotation.project, "review", item.id
    annotation.deciding.decide(one, *place, SentDecision(schema().digest(), True))
    with pytest.raises(Conflict, match="has decided this item already"):
        annotation.deciding.decide(other, *place, SentDecision(schema().digest(), False))
    changed = annotation.deciding.decide(one, *place, SentDecision(schema().digest(), False))
    assert changed.final is False
    person = annotation.person("ann")
    with pytest.raises(Forbidden, match="may manage queues"):
        annotation.deciding.decide(person, *place, SentDecision(schema().digest(), True))


def test_a_queue_that_is_not_valid_is_refused(annotation: Annotation) -> None:
    wrong = [
        {"name": "No spaces"},
        {"score": "9lives"},
        {"overlap": 11},
        {"overlap": 2, "annotators": ("ann@example.org",)},
        {"guidelines": "x" * 50_001},
        {"description": "x" * 4_001},
        {"annotators": tuple(str(at) for at in range(101))},
    ]
    for fields in wrong:
        with pytest.raises(InvalidRequest):
            annotation.queue(**fields)  # pyright: ignore[reportArgumentType] - each has its own
    annotation.queue()
    with pytest.raises(Conflict, match="already"):
        annotation.queue()
    one = LabelSchema(LabelKind.ORDINAL, choices=(LabelChoice("1"),))
    with pytest.raises(InvalidRequest, match="2 to 20 choices"):
        annotation.queues.change(annotation.editor, annotation.project, "review", schema=one)


def test_agreement_counts_annotators_only(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    annotation.run([f"answer {at}" for at in range(10)], {"helpful": [True] * 10})
    annotation.fill()
    ann, bob = annotation.person("ann"), annotation.person("bob")
    annotation.label_all(ann, [True, False] * 5)
    annotation.label_all(bob, [True, False] * 4 + [True, True])
    found = annotation.agreement.of(annotation.project, "review")
    assert (found.items, found.shared, found.differing) == (10, 10, 1)
    assert found.estimate is not None
    assert found.interval is not None
    assert found.pairs[0].agreed == 9
