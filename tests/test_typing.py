"""The package in type checkers: a misspelled name is an error, and types in public signatures are exported."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import subprocess
import sys
from types import FunctionType

import pytest

import imgcost

pytestmark = pytest.mark.slow  # type checkers

GOOD = """
import anthropic
import imgcost
from imgcost import Finding, Findings, Image, Plan, Unreadable, check_request

def audit_all(paths: list[str]) -> list[Image | Unreadable]:
    return list(imgcost.scan(*paths))

def first_error(params: dict[str, object]) -> Finding | None:
    findings: Findings = check_request(params, budget_usd="0.50")
    return next(iter(findings.errors), None)

def tokens() -> int:
    plan: Plan = imgcost.plan([(1920, 1080)], models="sonnet")
    return imgcost.estimate(1920, 1080, model="sonnet").tokens + plan.images

where: imgcost.Platform = "bedrock"

def ask(paths: list[str]) -> int:
    preflight = imgcost.Preflight(fix=True, budget_usd=1)
    client = anthropic.Anthropic(middleware=[preflight])
    blocks = imgcost.image_blocks(paths, text="What differs?", fit=True, model="sonnet", max_side=1000)
    content = [imgcost.image_block(paths[0]), *blocks]
    client.messages.create(model="claude-opus-5", max_tokens=9, messages=[{"role": "user", "content": content}])
    record: imgcost.CallRecord = preflight.records[-1]
    return (record.billed_prompt_tokens or 0) - (record.prompt_tokens or 0)

async def asks() -> None:
    anthropic.AsyncAnthropic(middleware=[imgcost.Preflight(on_error="warn")])
"""
MISSPELLED = [
    "imgcost.chek_request({})",
    "imgcost.tables.find_modle('sonnet')",
    "imgcost.image_block('a.jpg', max_sides=5)",
    "imgcost.Preflight(on_error='fix')",
    "from imgcost import chek_request",
]

CHECKERS = {
    "mypy": ["mypy", "--strict", "--config-file=", "--cache-dir=.mypy_cache"],
    "pyright": [
        "basedpyright",
        "--level",
        "error",
        "--pythonpath",
        sys.executable,
    ],  # pyright, in a package that brings its own Node.js
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_misspelled_name_is_a_type_error_and_documented_usage_is_not(tmp_path, checker):
    command = CHECKERS[checker]
    if importlib.util.find_spec(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: pip install --group lint")
    file = tmp_path / "uses.py"
    lines = [*GOOD.splitlines(), *MISSPELLED]
    file.write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    completed = subprocess.run(
        [sys.executable, "-m", *command, str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    lines_with_errors = {int(number) for number in re.findall(r"uses\.py:(\d+):.* error", completed.stdout)}
    expected = set(range(len(lines) - len(MISSPELLED) + 1, len(lines) + 1))
    assert (completed.returncode, lines_with_errors) == (1, expected), completed.stdout + completed.stderr


FROM_PYTHON = {
    *dir(builtins),
    "Any",
    "BinaryIO",
    "Callable",
    "Decimal",
    "Iterable",
    "Iterator",
    "Literal",
    "Mapping",
    "Sequence",
}
FROM_PYTHON |= {"Counter", "PathLike", "date", "os", "pd"}
NOT_NAMED_BY_CALLERS = {
    "APIRequest",
    "APIResponse",
    "BlockArguments",
    "CacheUse",
    "CallNext",
    "CountedImages",
    "CountedSize",
    "FitArguments",
    "Group",
    "ImageBlockParam",
    "JobImages",
    "PackingRules",
    "PriceKind",
    "Spool",
    "TextBlockParam",
    "WalkStep",
    "UsageTotals",
}
"""Types of results and arguments that callers never need to name."""


def annotations_of(function_or_class):
    """Return the names in the annotations of a function, or of the fields and public methods of a class."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function_or_class))).body[0]
    nodes = [tree, *tree.body] if isinstance(tree, ast.ClassDef) else [tree]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    fields = [node for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    annotations = [field.annotation for field in fields if not field.target.id.startswith("_")]
    for function in functions:
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs, function.args.vararg]
        annotations += [argument.annotation for argument in arguments if argument and argument.annotation] + [
            function.returns
        ]
    return {
        node.id for argument in annotations if argument for node in ast.walk(argument) if isinstance(node, ast.Name)
    }


@pytest.mark.parametrize(
    "name", [name for name in imgcost.__all__ if isinstance(getattr(imgcost, name), (type, FunctionType))]
)
def test_every_type_in_a_public_signature_is_exported(name):
    exported = {*imgcost.__all__, *imgcost.tables.__all__}
    assert annotations_of(getattr(imgcost, name)) - FROM_PYTHON - NOT_NAMED_BY_CALLERS - exported == set()
