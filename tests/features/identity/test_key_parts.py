"""Keys in parts: after any changes they are what a new reading gives; the rest stays as it is."""

from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.features.identity.access_sections import AccessSections
from penstock.features.identity.key_parts import KeyParts
from penstock.features.identity.service.keys import HashedKey, NewKey
from penstock.gateway.snapshot import key_table
from penstock.gateway.snapshot.key_table import KeyTable
from penstock.kernel.digests import canonical_json
from penstock.rules.document import Document
from penstock.rules.snapshot.access import (
    ACCESS,
    KEYS_PER_SECTION,
    AccessIndex,
    KeyEntry,
    ProjectPolicy,
    ProjectSection,
)
from penstock.rules.snapshot.kinds import read_section
from tests.features.identity.conftest import World

PROJECT = "prj_1"
POLICIES = (ProjectPolicy(), ProjectPolicy(capture_content=False))


@dataclass
class Keys:
    rng: Random
    parts: KeyParts = field(default_factory=lambda: KeyParts(PROJECT))
    entries: dict[str, list[KeyEntry]] = field(default_factory=dict)

    def add(self, count: int) -> None:
        for _ in range(count):
            self._replace(f"key_{self.rng.randrange(10**9):09}", self.rng.randrange(1, 3))

    def remove(self, count: int) -> None:
        for key_id in self.rng.sample(sorted(self.entries), min(count, len(self.entries))):
            self._replace(key_id, 0)

    def change(self, count: int) -> None:
        for key_id in self.rng.sample(sorted(self.entries), min(count, len(self.entries))):
            self._replace(key_id, 1)

    def whole(self, policy: ProjectPolicy) -> ProjectSection:
        keys = [entry for key_id in sorted(self.entries) for entry in self.entries[key_id]]
        return ProjectSection(PROJECT, tuple(keys), policy)

    def _replace(self, key_id: str, count: int) -> None:
        end = self.rng.choice(["", ".sha256"])
        found = [KeyEntry(key_id, f"{self.rng.randbytes(32).hex()}{end}") for _ in range(count)]
        self.entries.pop(key_id, None)
        if found:
            self.entries[key_id] = found
        self.parts.replace(key_id, tuple(found))


def in_parts(section: ProjectSection, part: str = "") -> dict[str, ProjectSection]:
    """Splits all keys at once."""
    if len(section.keys) <= KEYS_PER_SECTION:
        return {ACCESS.name(PROJECT, part): section}
    parts: dict[str, ProjectSection] = {}
    for bit in "01":
        keys = [key for key in section.keys if first_bits(key).startswith(part + bit)]
        parts |= in_parts(ProjectSection(PROJECT, tuple(keys), section.policy), part + bit)
    return parts


def first_bits(key: KeyEntry) -> str:
    return "".join(f"{int(digit, 16):04b}" for digit in key.digest[:16])


def sections(documents: dict[str, Document]) -> list[ProjectSection]:
    return [each for each in documents.values() if isinstance(each, ProjectSection)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "change"]),
        st.sampled_from([1, 2, 100, 300]),
        st.sampled_from(POLICIES),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=False), STEPS, st.sampled_from([1, 150, key_table.MAX_CHANGES]))
def test_after_any_changes_the_parts_are_those_of_a_new_reading(
    rng: Random, steps: list[tuple[str, int, ProjectPolicy]], max_changes: int
) -> None:
    with patch.object(key_table, "MAX_CHANGES", max_changes):
        follow(Keys(rng), steps)


def follow(keys: Keys, steps: list[tuple[str, int, ProjectPolicy]]) -> None:
    table, seen = KeyTable.of({}), set[str]()
    built: dict[str, object] = {}
    for operation, count, policy in steps:
        getattr(keys, operation)(count)
        documents = keys.parts.documents(policy)
        assert documents == in_parts(keys.whole(policy))
        assert all(keys.parts.documents(policy)[name] is each for name, each in documents.items())
        now = {name: read_section(name, canonical_json(each)) for name, each in documents.items()}
        changed = {name for name in now.keys() | built.keys() if now.get(name) != built.get(name)}
        table = table.changed(built, now, changed)
        whole = dict(KeyTable.of(now).all())
        assert dict(table.all()) == whole
        assert all(table.get(digest) == whole.get(digest) for digest in seen | whole.keys())
        seen |= whole.keys()
        assert table.has_hashed or not KeyTable.of(now).has_hashed
        built = now


def test_a_change_of_a_key_renews_only_its_part() -> None:
    keys = Keys(Random(7))
    keys.add(600)
    before = keys.parts.documents(POLICIES[0])
    keys.change(1)
    after = keys.parts.documents(POLICIES[0])
    assert len(before) == len(after) == 4
    assert 1 <= len([name for name in before if before[name] is not after[name]]) <= 3


def test_parts_are_split_and_merged_where_they_are_too_large_or_too_small() -> None:
    keys = Keys(Random(8))
    counts = []
    for _ in range(40):
        before = keys.parts.documents(POLICIES[0])
        keys.add(100)
        after = keys.parts.documents(POLICIES[0])
        counts.append(len(after))
        assert all(len(each.keys) <= KEYS_PER_SECTION for each in sections(after))
        assert len(before.keys() - after.keys()) <= 10  # one hundred of some thousand keys
    assert counts == sorted(counts)
    keys.remove(len(keys.entries))
    assert [*keys.parts.documents(POLICIES[0])] == [f"{PROJECT}/access"]


def test_every_use_case_of_keys_is_followed(world: World) -> None:
    keys, admin, project = world.identity.keys, world.root, world.project_id

    def same() -> bool:
        fresh = AccessSections(world.database, b"")
        known = world.identity.access_sections
        assert known.documents() == fresh.documents()
        return known() == fresh()

    assert same()
    made = [keys.create(admin, project, NewKey(f"key {number}")) for number in range(3)]
    assert same()
    keys.rotate(admin, project, made[0].key.id, 60_000)
    assert same()
    keys.revoke(admin, project, made[1].key.id)
    assert same()
    keys.import_hashed(admin, project, [HashedKey(NewKey("old"), "ab" * 32)])
    assert same()
    section = world.identity.access_sections.documents()[f"{project}/access"]
    assert isinstance(section, ProjectSection)
    index = read_section(f"{project}/access", canonical_json(section))
    assert isinstance(index, AccessIndex)
    assert {"old", "key 0", "key 2"} <= {each.key.name for each in index.keys.values()}
