"""The list of models in OpenAI's format: facts are further members, which the SDK keeps."""

import json
from datetime import UTC, date, datetime

from openai.types import Model

from penstock.rules.models.facts import (
    FactSource,
    KnownFacts,
    ListedModel,
    Modality,
    ModelFacts,
    VendorFacts,
)
from penstock.rules.wire.openai.models import render_models

NOW_S = int(datetime(2026, 11, 29, tzinfo=UTC).timestamp())
SOURCE = (FactSource("https://example.org", date(2026, 11, 1)),)
FACTS = ModelFacts(
    ("m-1",),
    SOURCE,
    title="Model One",
    context_tokens=200_000,
    output_tokens=64_000,
    inputs=(Modality.TEXT, Modality.IMAGE, Modality.DOCUMENT),
    outputs=(Modality.TEXT,),
    tools=True,
    structured_output=True,
    reasoning=False,
    retires_on=date(2026, 12, 11),
    replacement="m-2",
)


def rendered(facts: ModelFacts | None, *, by_vendor: bool = True) -> dict[str, object]:
    known = KnownFacts(facts, VendorFacts("acme", (facts,)), by_vendor) if facts else None
    (model,) = json.loads(render_models([ListedModel("m-1", "up", known)], NOW_S))["data"]
    read = Model.model_validate(model)
    assert (read.id, read.owned_by, read.created) == ("m-1", "up", NOW_S)
    assert read.model_dump(exclude_unset=True) == model
    return model


def test_a_model_without_facts_is_as_openai_writes_it() -> None:
    assert json.loads(render_models([ListedModel("m", "up")], 5)) == {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 5, "owned_by": "up"}],
    }


def test_facts_have_the_names_that_clients_know() -> None:
    base = {"id": "m-1", "object": "model", "created": NOW_S, "owned_by": "up"}
    assert rendered(FACTS) == base | {
        "name": "Model One",
        "context_length": 200_000,
        "architecture": {
            "input_modalities": ["text", "image", "file"],
            "output_modalities": ["text"],
        },
        "top_provider": {"context_length": 200_000, "max_completion_tokens": 64_000},
        "supported_parameters": ["tools", "tool_choice", "response_format", "structured_outputs"],
        "shutdown_date": "2026-12-11",
        "warning": "m-1 retires on 2026-12-11. Use m-2.",
    }


def test_what_is_unknown_has_no_member() -> None:
    assert rendered(ModelFacts(("m-1",), SOURCE)) == rendered(None)


def test_another_host_does_not_end_when_the_vendor_does() -> None:
    assert not {"shutdown_date", "warning"} & rendered(FACTS, by_vendor=False).keys()


def test_a_distant_end_has_no_warning() -> None:
    later = ModelFacts(("m-1",), SOURCE, retires_on=date(2027, 5, 1))
    model = rendered(later)
    assert model["shutdown_date"] == "2027-05-01"
    assert "warning" not in model
