"""Keys of another product, of which only the SHA-256 is known."""

import hashlib

import pytest

from gateway.snapshot_tree import PEPPER, Tree
from penstock.features.access import Principal, Role
from penstock.features.identity.service.keys import HashedKey, KeyService, NewKey
from penstock.infra.crypto import hashed_key_digest, keyed_digest
from penstock.kernel.errors import Forbidden
from penstock.rules.snapshot.access import KeyEntry, ProjectSection
from tests.features.world import World

SECRET = "sk-of-another-product"
SHA256 = hashlib.sha256(SECRET.encode()).hexdigest()


def test_the_gateway_finds_the_key_by_its_secret_and_not_by_its_hash() -> None:
    entry = KeyEntry(id="key_1", digest=hashed_key_digest(PEPPER, SHA256))
    snapshot = Tree({"prj_1/access": ProjectSection("prj_1", (entry,))}).build()
    found = snapshot.find_any_key(SECRET)
    assert found is not None
    assert found.key.id == "key_1"
    for wrong in (SHA256, entry.digest, f"{SHA256}.sha256", keyed_digest(PEPPER, SHA256)):
        assert snapshot.find_any_key(wrong) is None


def test_keys_are_imported_once_without_a_role_and_audited(installed: World) -> None:
    context = installed.identity.context
    keys = KeyService(context, bytes(32))
    member = Principal("user", "usr_1", "ann", {installed.project_id: Role.OWNER})
    admin = installed.root
    wanted = HashedKey(NewKey("old", role=Role.ADMIN, allowed_models=("a",)), SHA256, "sk-…uct")
    with pytest.raises(Forbidden):
        keys.import_hashed(member, installed.project_id, [wanted])
    (added,) = keys.import_hashed(admin, installed.project_id, [wanted])
    assert added is not None
    assert (added.role, added.prefix, added.allowed_models) == (None, "sk-…uct", ("a",))
    assert keys.import_hashed(admin, installed.project_id, [wanted]) == [None]
    events = installed.identity.audit_reader.list_page(installed.project_id, None, 10)
    assert [event.action for event in events].count("key.import") == 1
    assert SHA256.encode() not in installed.stored_bytes()
