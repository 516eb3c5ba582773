"""Each operation has a row, and each path of OpenAI's API its own operation."""

from penstock.rules.call import Operation
from penstock.rules.operations import TRAITS
from penstock.rules.wire.openai.paths import MEDIA_PATHS, TEXT_PATHS


def test_each_operation_has_a_row() -> None:
    assert TRAITS.keys() == set(Operation)


def test_each_path_has_an_operation_of_its_own() -> None:
    paths = (*TEXT_PATHS, *MEDIA_PATHS)
    assert len({each.operation for each in paths}) == len(paths)
    assert len({each.path for each in paths}) == len(paths)
