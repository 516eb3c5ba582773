"""What a LiteLLM configuration becomes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.cli.litellm.config import read_config
from penstock.entrypoints.cli.litellm.keys import read_keys
from penstock.entrypoints.cli.litellm.plan import Plan, PlannedRoute
from penstock.kernel.errors import SetupError

FILE = Path(__file__).with_name("litellm_config.yaml")
KEYS = {
    "AZURE_EU_KEY": "eu-key",
    "AZURE_US_KEY": "us-key",
    "OPENAI_KEY": "sk-openai",
    "GROQ_KEY": "gsk-groq",
    "ANTHROPIC_KEY": "sk-ant",
    "AWS_ID": "AKIA",
    "AWS_SECRET": "secret",
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_config(yaml.safe_load(FILE.read_text()), lambda name: KEYS.get(name, ""))


def route(plan: Plan, name: str) -> PlannedRoute:
    (found,) = [each for each in plan.routes if each.name == name]
    return found


def shown(found: PlannedRoute) -> list[str]:
    """`azure/gpt-4o-eu=300`, `@1` for a priority, `!cause`."""
    return [
        f"{each.provider}/{each.model}={each.weight}"
        + (f"@{each.priority}" if each.priority else "")
        + "".join(f"!{cause}" for cause in each.after)
        for each in found.targets
    ]


def test_deployments_with_one_address_and_key_share_a_provider(plan: Plan) -> None:
    providers = {each.name: each for each in plan.providers}
    assert list(providers) == [
        *("azure", "azure-2", "openai", "groq", "anthropic", "bedrock", "gemini", "custom"),
    ]
    openai = providers["openai"]
    assert (openai.vendor, openai.base_url, openai.api_key) == ("openai", "", "sk-openai")
    assert openai.models == ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"]
    azure = providers["azure-2"]
    assert (azure.base_url, azure.api_key) == ("https://us-resource.openai.azure.com", "us-key")
    assert azure.quirks == {"api_version": "2024-10-21"}
    bedrock = providers["bedrock"]
    assert bedrock.base_url == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert bedrock.api_key == "AKIA:secret"
    assert (providers["custom"].vendor, providers["custom"].base_url) == (
        "",
        "http://127.0.0.1:8000/v1",
    )
    assert providers["anthropic"].any_model
    assert providers["anthropic"].body(private_allowed=False)["models"] == []


def test_groups_become_routes_with_shares_orders_and_fallbacks_by_cause(plan: Plan) -> None:
    found = route(plan, "gpt-4o")
    assert shown(found) == [
        "azure/gpt-4o-eu=300",
        "azure-2/gpt-4o-us=100",
        "openai/gpt-4o=100@1",
        "custom/llama-3.1-8b=1@2!content_filter",
        "anthropic/claude-sonnet-4-5=3@3",
        "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0=1@3",
        "groq/llama-3.3-70b-versatile=1@4",
        "gemini/gemini-2.5-pro=1@5!context_length",
    ]
    assert (found.strategy, found.max_attempts, found.total_timeout_ms) == ("weighted", 3, 60_000)
    fast = route(plan, "fast")
    assert shown(fast) == ["groq/llama-3.3-70b-versatile=1", "openai/gpt-4o-mini=1@1"]
    assert (fast.total_timeout_ms, fast.first_token_timeout_ms) == (20_000, 5_000)


def test_aliases_are_routes_and_plain_names_need_none(plan: Plan) -> None:
    assert shown(route(plan, "gpt-4"))[0] == "azure/gpt-4o-eu=300"
    assert shown(route(plan, "sonnet"))[0] == "anthropic/claude-sonnet-4-5=3"
    names = [each.name for each in plan.routes]
    assert names == ["gpt-4o", "fast", "claude", "long", "own", "embed", "gpt-4", "sonnet"]


def test_own_prices_are_per_million_tokens(plan: Plan) -> None:
    (price,) = plan.prices
    assert (price.provider, price.model) == ("custom", "llama-3.1-8b")
    assert {unit: float(usd) for unit, usd in price.units.items()} == {
        "input_tokens": 0.1,
        "output_tokens": 0.2,
    }


def test_everything_else_is_named_with_what_to_do(plan: Plan) -> None:
    left_out = plan.left_out
    assert "GEMINI_KEY is not set" in left_out["model_list[7].litellm_params.api_key"]
    assert "sagemaker" in left_out["model_list[11]"]
    assert "no slash" in left_out["model_list.team/special"]
    assert "'missing'" in left_out["fallbacks.fast"]
    for setting in (
        "model_list[12].litellm_params.temperature",
        "model_list[4].litellm_params.max_retries",
        "router_settings.cooldown_time",
        "router_settings.redis_host",
        "litellm_settings.success_callback",
        "litellm_settings.cache",
        "general_settings.master_key",
        "general_settings.database_url",
        "guardrails",
    ):
        assert left_out[setting]


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ([1], "must be a mapping"),
        ({"model_list": {}}, "model_list must be a list"),
        ({"model_list": [1]}, "model_list[0] must be a mapping"),
        ({"model_list": [{"model_name": "a", "litellm_params": 1}]}, "litellm_params must be"),
        (
            {
                "model_list": [
                    {"model_name": "a", "litellm_params": {"model": "gpt-4o", "rpm": "x"}}
                ]
            },
            "rpm must be a number",
        ),
        ({"router_settings": {"fallbacks": "a"}}, "fallbacks must be a list"),
        ({"router_settings": {"routing_strategy": [["a"]]}}, "must be a single value"),
    ],
)
def test_a_document_of_another_form_is_refused_with_the_place(document: Any, part: str) -> None:
    with pytest.raises(SetupError) as caught:
        read_config(document, lambda _: "")
    assert part in caught.value.message


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("gpt-4o", "openai/*", "azure/x", "os.environ/X", "*")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *(
                        "model_name",
                        "litellm_params",
                        "model",
                        "api_base",
                        "api_key",
                        "rpm",
                        "weight",
                    ),
                    *("order", "timeout", "model_info", "input_cost_per_token", "fallbacks"),
                    *("model_group_alias", "num_retries", "routing_strategy", "gpt-4o"),
                )
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(
    st.dictionaries(
        st.sampled_from(("model_list", "router_settings", "litellm_settings", "general_settings")),
        _VALUES | st.lists(st.dictionaries(st.text(max_size=3), _VALUES), max_size=3),
    )
)
def test_any_document_gives_a_plan_or_a_clear_error(document: Any) -> None:
    try:
        plan = read_config(document, lambda _: "")
    except SetupError:
        return
    assert list(plan.rows()) is not None


TOKEN = "ab" * 32
ROW = {
    "token": TOKEN,
    "key_alias": "checkout",
    "key_name": "sk-...wxyz",
    "models": ["gpt-4o", "fast"],
    "team_id": "shop",
    "user_id": None,
    "expires": "2027-01-01T00:00:00",
    "max_budget": 100.0,
    "budget_duration": "30d",
    "rpm_limit": 60,
    "tpm_limit": None,
    "spend": 3.5,
}
CSV = (
    "token,key_alias,key_name,models,team_id,user_id,expires,max_budget,budget_duration,rpm_limit,"
    "tpm_limit,spend\n"
    f'{TOKEN},checkout,sk-...wxyz,"{{gpt-4o,fast}}",shop,,2027-01-01T00:00:00,100.0,30d,60,,3.5\n'
)


@pytest.mark.parametrize("content", [json.dumps([ROW]), json.dumps({"keys": [ROW]}), CSV])
def test_keys_are_read_with_their_limits(content: str) -> None:
    found = read_keys(content)
    (key,) = found.keys
    assert key.body == {
        "name": "checkout",
        "sha256": TOKEN,
        "prefix": "sk-...wxyz",
        "allowed_models": ["gpt-4o", "fast"],
        "attributes": {"team": "shop"},
        "expires_at": "2027-01-01T00:00:00+00:00",
    }
    assert key.limits == [
        {"measure": "requests", "amount": "60", "window": "minute", "name": "checkout: requests"},
        {"measure": "spend", "amount": "100.0", "window": "month", "name": "checkout: spend"},
    ]
    assert list(found.left_out) == ["keys[0] checkout spend"]


def test_keys_that_cannot_be_imported_are_named() -> None:
    rows = [{"key_alias": "a"}, ROW | {"blocked": True}, ROW | {"budget_duration": None}, 1]
    found = read_keys(json.dumps(rows))
    assert [key.name for key in found.keys] == ["checkout"]
    reasons = " ".join(found.left_out.values())
    assert "64 hexadecimal digits" in reasons
    assert "blocked" in reasons
    assert "all time" in reasons


@pytest.mark.parametrize("content", ["{}", "[", '{"keys": 1}', 'a,b\n"x'])
def test_an_export_of_another_form_is_refused(content: str) -> None:
    with pytest.raises(SetupError, match="export of keys"):
        read_keys(content)


@given(st.lists(st.dictionaries(st.sampled_from(list(ROW)), _VALUES), max_size=3))
def test_any_row_gives_a_key_or_a_reason(rows: Any) -> None:
    found = read_keys(json.dumps(rows))
    assert len(found.keys) <= len(rows)
