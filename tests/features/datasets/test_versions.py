"""Versions of datasets: immutable, stored once, and never half applied."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.features.datasets.model import ItemFilter
from penstock.features.datasets.store import tables
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.evaluation.items import MAX_ITEM_BYTES, DatasetItem, ItemSource
from tests.features.catalog.test_tables import differences
from tests.features.datasets.conftest import Datasets


def test_the_tables_are_the_declared_ones(datasets: Datasets) -> None:
    assert differences(datasets.world, tables.METADATA) == []


def test_a_version_stays_as_it_was(datasets: Datasets) -> None:
    assert datasets.change(DatasetItem("a", "one"), DatasetItem("b", "two")) == 1
    assert datasets.change(DatasetItem("a", "ONE"), DatasetItem("c", "three")) == 2
    assert datasets.change(remove=["b"]) == 3
    assert datasets.inputs(1) == ["one", "two"]
    assert datasets.inputs(2) == ["ONE", "two", "three"]
    assert datasets.inputs(3) == datasets.inputs() == ["ONE", "three"]
    versions = datasets.reader.versions(datasets.project, "faq", None, 10)
    assert [(v.added, v.changed, v.removed, v.item_count) for v in versions] == [
        (0, 0, 1, 2),
        (1, 1, 0, 3),
        (2, 0, 0, 2),
    ]


def test_equal_versions_have_equal_digests(datasets: Datasets) -> None:
    datasets.change(DatasetItem("b", "two"), DatasetItem("a", "one"))
    datasets.change(DatasetItem("a", "ONE"))
    datasets.change(DatasetItem("a", "one"))
    newest, changed, first = datasets.reader.versions(datasets.project, "faq", None, 10)
    assert newest.digest == first.digest != changed.digest
    datasets.service.add(datasets.editor, datasets.project, "other")
    draft = datasets.changes.start(datasets.project, "other")
    for item in (DatasetItem("a", "one"), DatasetItem("b", "two")):
        datasets.changes.put(datasets.project, "other", draft.id, [("items.0", item)])
    done = datasets.changes.commit(datasets.editor, datasets.project, "other", draft.id, "")
    assert done.version.digest == first.digest


def test_an_unchanged_item_is_stored_once(datasets: Datasets) -> None:
    datasets.change(*(DatasetItem("", f"question {n}") for n in range(20)))
    datasets.change(DatasetItem("", "question 20"))
    with datasets.context.database.read() as connection:
        rows = connection.execute(tables.ITEMS.select()).all()
    assert len(rows) == 21


def test_the_same_example_twice_is_no_duplicate(datasets: Datasets) -> None:
    example = DatasetItem("", "hello", "hi")
    twice = DatasetItem("", "hello", "hi", source=ItemSource("file", place="a.csv:9"))
    assert datasets.change(example, twice) == 1
    assert datasets.change(twice) == 1
    assert datasets.inputs() == ["hello"]
    assert datasets.change(DatasetItem("", "hello", "good day")) == 2


def test_an_id_with_two_contents_is_refused_and_nothing_is_applied(datasets: Datasets) -> None:
    with pytest.raises(InvalidRequest) as caught:
        datasets.change(DatasetItem("a", "one"), DatasetItem("a", "two"))
    assert (caught.value.code, caught.value.param) == ("dataset_id_twice", "items.1.id")
    assert datasets.service.get(datasets.project, "faq")[1] is None


def test_a_writer_that_saw_an_older_version_is_refused(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one"), parent=0)
    draft = datasets.changes.start(datasets.project, "faq", parent=1)
    datasets.changes.put(datasets.project, "faq", draft.id, [("items.0", DatasetItem("b", "two"))])
    datasets.change(DatasetItem("c", "three"), parent=1)
    with pytest.raises(Conflict) as caught:
        datasets.change(DatasetItem("d", "four"), parent=1)
    assert caught.value.code == "dataset_changed"
    with pytest.raises(Conflict):
        datasets.changes.commit(datasets.editor, datasets.project, "faq", draft.id, "")
    assert datasets.inputs() == ["one", "three"]


def test_a_draft_may_stand_for_the_whole_version(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one"), DatasetItem("b", "two"), DatasetItem("c", "three"))
    draft = datasets.changes.start(datasets.project, "faq", removes_others=True)
    items = [("items.0", DatasetItem("b", "two")), ("items.1", DatasetItem("a", "ONE"))]
    datasets.changes.put(datasets.project, "faq", draft.id, items)
    counts = datasets.changes.counts(datasets.project, "faq", draft.id)
    assert (counts.added, counts.changed, counts.removed, counts.unchanged) == (0, 1, 1, 1)
    datasets.changes.commit(datasets.editor, datasets.project, "faq", draft.id, "second")
    assert datasets.inputs() == ["ONE", "two"]
    with pytest.raises(NotFound):
        datasets.changes.counts(datasets.project, "faq", draft.id)


def test_what_is_there_may_be_kept(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one", "corrected"))
    assert datasets.change(additions=[DatasetItem("a", "one")]) == 1
    assert datasets.change(additions=[DatasetItem("a", "one"), DatasetItem("b", "b")]) == 2
    page = datasets.reader.items(datasets.project, "faq")
    assert [each.item.expected for each in page.items] == ["corrected", None]


def test_an_item_without_a_split_keeps_its_split(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one", split="test"))
    datasets.change(DatasetItem("a", "ONE"))
    only = datasets.reader.items(datasets.project, "faq", chosen=ItemFilter(split="test"))
    assert [each.item.input for each in only.items] == ["ONE"]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        (DatasetItem("a"), "items.0.input"),
        (DatasetItem("a", ""), "items.0.input"),
        (DatasetItem("a", 7), "items.0.input"),
        (DatasetItem("a", ["text"]), "items.0.input"),
        (DatasetItem("a\n", "x"), "items.0.id"),
        (DatasetItem("a", "x", split="s" * 201), "items.0.split"),
        (DatasetItem("a", "x" * MAX_ITEM_BYTES), "items.0"),
    ],
)
def test_an_item_that_is_not_valid_is_refused(
    datasets: Datasets, item: DatasetItem, param: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        datasets.change(item)
    assert caught.value.param == param
    assert caught.value.message.startswith("items.0: ")


def test_no_version_is_empty(datasets: Datasets) -> None:
    with pytest.raises(InvalidRequest) as caught:
        datasets.change()
    assert caught.value.code == "dataset_empty"
    datasets.change(DatasetItem("a", "one"))
    with pytest.raises(InvalidRequest) as caught:
        datasets.change(remove=["a"])
    assert caught.value.code == "dataset_empty"
    assert datasets.inputs() == ["one"]


def test_pages_are_in_order_and_end_before_they_are_too_large(datasets: Datasets) -> None:
    large = "x" * (MAX_ITEM_BYTES - 200)
    datasets.change(*(DatasetItem(f"{n}", f"{n}{large}") for n in range(6)))
    first = datasets.reader.items(datasets.project, "faq", limit=100)
    assert (len(first.items), first.after) == (4, 4)
    rest = datasets.reader.items(datasets.project, "faq", after=first.after or 0)
    assert ([each.item.id for each in rest.items], rest.after) == (["4", "5"], None)


def test_items_are_found_by_id_and_text(datasets: Datasets) -> None:
    datasets.change(
        DatasetItem("a", 'He said "100%"'), DatasetItem("b", "nothing"), DatasetItem("c", "Ärger")
    )

    def found(chosen: ItemFilter) -> list[str]:
        page = datasets.reader.items(datasets.project, "faq", chosen=chosen)
        return [each.item.id for each in page.items]

    assert found(ItemFilter(text='"100%"')) == ["a"]
    assert found(ItemFilter(text="_")) == []
    assert found(ItemFilter(ids=("c", "a", "z"))) == ["a", "c"]
    by_id = datasets.reader.items_by_id(datasets.project, "faq", 1, ["b"])
    assert [each.item.input for each in by_id] == ["nothing"]
    assert datasets.reader.items_by_id(datasets.project, "faq", 1, []) == ()


def test_a_difference_names_what_came_changed_and_went(datasets: Datasets) -> None:
    datasets.change(*(DatasetItem(name, name) for name in "abcd"))
    datasets.change(DatasetItem("a", "A"), DatasetItem("e", "e"), remove=["b"])
    datasets.change(DatasetItem("d", "D"))
    datasets.change(DatasetItem("d", "d"), DatasetItem("b", "again"))
    found, after = datasets.reader.difference(datasets.project, "faq", (1, 4), 0, 10)
    assert after is None
    shown = [(d.before and d.before.input, d.after and d.after.input) for d in found]
    assert shown == [("a", "A"), ("b", "again"), (None, "e")]
    everything, after = datasets.reader.difference(datasets.project, "faq", (0, 4), 0, 3)
    assert (len(everything), after) == (3, 3)
    with pytest.raises(InvalidRequest):
        datasets.reader.difference(datasets.project, "faq", (4, 1), 0, 10)


def test_other_projects_see_nothing(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one"))
    draft = datasets.changes.start(datasets.project, "faq")
    with pytest.raises(NotFound):
        datasets.reader.items("prj_other", "faq")
    datasets.service.add(datasets.editor, datasets.project, "other")
    with pytest.raises(NotFound):
        datasets.changes.counts(datasets.project, "other", draft.id)


def test_a_removed_dataset_leaves_nothing(datasets: Datasets) -> None:
    datasets.change(DatasetItem("a", "one"))
    draft = datasets.changes.start(datasets.project, "faq")
    datasets.changes.put(datasets.project, "faq", draft.id, [("items.0", DatasetItem("b", "two"))])
    datasets.service.remove(datasets.editor, datasets.project, "faq")
    with datasets.context.database.read() as connection:
        for table in tables.METADATA.sorted_tables:
            assert connection.execute(table.select()).all() == []


def test_an_abandoned_draft_expires(datasets: Datasets) -> None:
    old = datasets.changes.start(datasets.project, "faq")
    datasets.changes.put(datasets.project, "faq", old.id, [("items.0", DatasetItem("a", "one"))])
    datasets.world.clock.forward(20 * 3600)
    fresh = datasets.changes.start(datasets.project, "faq")
    assert datasets.changes.expire() == 0
    datasets.world.clock.forward(5 * 3600)
    assert datasets.changes.expire() == 1
    with pytest.raises(NotFound):
        datasets.changes.counts(datasets.project, "faq", old.id)
    assert datasets.changes.counts(datasets.project, "faq", fresh.id).added == 0


def test_of_writers_at_once_each_one_makes_a_version(datasets: Datasets) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: datasets.change(DatasetItem("", f"item {n}")), range(12)))
    assert sorted(made) == list(range(1, 13))
    assert len(datasets.inputs()) == 12
