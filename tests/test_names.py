"""Names of models: every spelling, and the platform, endpoint and speed that it implies."""

from datetime import date

import pytest

from imgcost import tables
from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.tables import Placement, placement_of, resolve_model

ARN = "arn:aws:bedrock:us-east-1:123456789012:"

SPELLINGS = [
    # name, id, platform, endpoint, speed
    ("claude-opus-5-5", "claude-opus-5-5", None, None, None),
    ("us.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("eu.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("jp.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("au.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("apac.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("us-gov.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("global.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "global", None),
    ("anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", None, None),
    ("bedrock/us.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    ("bedrock/converse/anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", None, None),
    (f"{ARN}inference-profile/us.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "regional", None),
    (f"{ARN}inference-profile/global.anthropic.claude-opus-5-5", "claude-opus-5-5", "bedrock", "global", None),
    (
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5-20250929",
        "bedrock",
        None,
        None,
    ),
    ("claude-opus-5-5@default", "claude-opus-5-5", "google-cloud", None, None),
    ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929", "google-cloud", None, None),
    ("vertex_ai/claude-opus-5-5", "claude-opus-5-5", "google-cloud", None, None),
    ("publishers/anthropic/models/claude-opus-5-5", "claude-opus-5-5", "google-cloud", None, None),
    (
        "projects/p-1/locations/europe-west1/publishers/anthropic/models/claude-opus-5-5",
        "claude-opus-5-5",
        "google-cloud",
        "regional",
        None,
    ),
    (
        "projects/p-1/locations/global/publishers/anthropic/models/claude-opus-5-5",
        "claude-opus-5-5",
        "google-cloud",
        "global",
        None,
    ),
    ("claude-opus-5-5-fast", "claude-opus-5-5", "foundry", None, "fast"),
    ("azure_ai/claude-opus-5-5", "claude-opus-5-5", "foundry", None, None),
    ("anthropic/claude-opus-4.6-fast", "claude-opus-4-6", None, None, "fast"),
    ("claude-opus-4-6[1m]", "claude-opus-4-6", None, None, None),
    ("claude-sonnet-4.5", "claude-sonnet-4-5-20250929", None, None, None),
    ("anthropic/claude-opus-5.5", "claude-opus-5-5", None, None, None),
    ("openrouter/anthropic/claude-opus-5.5", "claude-opus-5-5", None, None, None),
    ("Claude-Haiku-4.5", "claude-haiku-4-5-20251001", None, None, None),
]


@pytest.mark.parametrize(("name", "model_id", "platform", "endpoint", "speed"), SPELLINGS)
def test_a_spelling_identifies_model_platform_and_endpoint(name, model_id, platform, endpoint, speed):
    for spelled in (name, name.upper(), f" {name}\n"):
        resolved = resolve_model(spelled)
        assert (resolved.model.id, resolved.platform, resolved.endpoint, resolved.speed) == (
            model_id,
            platform,
            endpoint,
            speed,
        )


def test_a_family_in_any_spelling():
    assert resolve_model("opus[1m]", as_of=date(2026, 11, 26)).model.id == "claude-opus-5-5"
    assert resolve_model("anthropic/sonnet", as_of=date(2026, 11, 26)).model.id == "claude-sonnet-5-5"


@pytest.mark.parametrize(
    "name",
    [
        f"{ARN}application-inference-profile/a1b2c3d4e5f6",
        f"{ARN}application-inference-profile/claude-opus-5-5",
        f"{ARN}provisioned-model/claude-opus-5-5",
        "my-deployment",
        "ca.anthropic.claude-opus-5-5",
        "us.claude-opus-5-5",
        "claude-opus-5-5@20260922",
        "claude-opus-5.5.1",
        "openai/claude-opus-5-5",
        "claude-opus-5-5-fast-fast",
        "claude-opus-5-5-slow",
        "anthropic/",
    ],
)
def test_a_name_without_a_model_is_unknown(name):
    with pytest.raises(UnknownModelError):
        resolve_model(name)


def test_a_fast_deployment_of_foundry_is_recognized_only_by_its_name():
    assert resolve_model("claude-opus-5-5-fast").platform == "foundry"
    assert resolve_model("anthropic/claude-opus-5-5-fast").platform is None
    assert resolve_model("claude-opus-5.5-fast").platform is None
    assert resolve_model("claude-mythos-5-2-fast").platform is None  # Foundry has no such model


# Where models are called


def placed(*names, **options):
    return placement_of([resolve_model(name) for name in names], **options)


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        (["claude-opus-5-5"], {}, ("claude-api", "global", "standard", False)),
        (["claude-opus-5-5"], {"platform": "bedrock"}, ("bedrock", "global", "standard", True)),
        (["claude-opus-5-5"], {"platform": "foundry", "speed": "fast"}, ("foundry", "global", "fast", False)),
        (["us.anthropic.claude-opus-5-5"], {}, ("bedrock", "regional", "standard", False)),
        (["us.anthropic.claude-opus-5-5", "claude-haiku-5-5"], {}, ("bedrock", "regional", "standard", False)),
        (["claude-haiku-5-5", "global.anthropic.claude-opus-5-5"], {}, ("bedrock", "global", "standard", False)),
        (["anthropic.claude-opus-5-5"], {}, ("bedrock", "regional", "standard", True)),
        (["anthropic.claude-opus-5-5"], {"endpoint": "global"}, ("bedrock", "global", "standard", False)),
        (["anthropic.claude-opus-5-5", "global.anthropic.claude-opus-5"], {}, ("bedrock", "global", "standard", False)),
        (["claude-opus-5-5@default"], {}, ("google-cloud", "global", "standard", True)),
        (["claude-opus-5-5-fast"], {}, ("foundry", "global", "fast", False)),
        (["claude-opus-5-5-fast"], {"speed": "fast"}, ("foundry", "global", "fast", False)),
    ],
)
def test_names_decide_where_models_are_called(names, options, expected):
    assert placed(*names, **options) == Placement(*expected)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["us.anthropic.claude-opus-5-5"], {"platform": "claude-api"}, "platform bedrock, but the platform is set to"),
        (
            ["us.anthropic.claude-opus-5-5"],
            {"endpoint": "global"},
            "endpoint regional, but the endpoint is set to global",
        ),
        (["claude-opus-5-5-fast"], {"speed": "standard"}, "speed fast, but the speed is set to standard"),
        (["us.anthropic.claude-opus-5", "claude-opus-5-5@default"], {}, "'us.anthropic.claude-opus-5' means bedrock"),
        (["us.anthropic.claude-opus-5", "global.anthropic.claude-opus-5"], {}, "choose one of them"),
        (["claude-opus-5-5-fast", "claude-opus-5-5"], {}, "'claude-opus-5-5' does not say its speed"),
        (["claude-opus-5-5"], {"endpoint": "regional"}, "claude-api has no regional endpoint; only bedrock and google"),
    ],
)
def test_contradictions_are_errors(names, options, message):
    with pytest.raises(ImgcostError) as caught:
        placed(*names, **options)
    assert message in str(caught.value)


def test_platforms_are_the_keys_of_the_limits():
    assert len(set(tables.platforms())) == 7
    for platform in tables.platforms():
        assert tables.limits_on(platform, date(2026, 11, 26)).media_types
