"""The package: imported modules, public names, and errors."""

from __future__ import annotations

import ast
import gc
import importlib
import pickle
import re
import runpy
import subprocess
import sys
import tomllib
from datetime import date
from decimal import Decimal
from types import FunctionType, ModuleType

import grimp
import pytest
from conftest import ROOT
from PIL import Image

import imgcost
from imgcost import errors
from imgcost.preflight import Findings
from imgcost.rules import Finding

HEAVY = {"numpy", "pandas", "PIL", "pyarrow"}
DAY = date(2026, 11, 22)


def loaded_by(code, *arguments):
    """Return the top-level modules that some code loads in a new interpreter, and its stdout."""
    report = "\nprint(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    completed = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}{report}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return set(completed.stderr.split()), completed.stdout


COMMAND = "from imgcost.cli import main\nmain(sys.argv[1:], prog_name='imgcost', standalone_mode=False)"


# Imported modules


@pytest.mark.slow
def test_importing_imgcost_loads_few_modules():
    modules, _ = loaded_by("import imgcost")
    assert not modules & {*HEAVY, "click", "rich", "tomllib", "decimal", "json"}


@pytest.mark.slow
def test_an_estimate_in_python_imports_no_other_library():
    modules, printed = loaded_by("import imgcost\nprint(imgcost.estimate(1000, 1000, model='claude-3-sonnet').tokens)")
    assert printed == "1334\n"
    assert not modules & {*HEAVY, "click", "rich"}


@pytest.mark.slow
def test_integrations_load_their_library_only_when_used():
    modules, _ = loaded_by("import imgcost\nimgcost.Preflight, imgcost.CallSummary")
    assert not modules & {*HEAVY, "anthropic", "litellm", "langchain_core"}
    code = (
        "import imgcost\nimgcost.Preflight()\nimport imgcost.integrations.langchain as counter\ncounter.token_counter()"
    )
    modules, _ = loaded_by(code)
    assert "anthropic" in modules
    assert not modules & {*HEAVY, "langchain_core"}
    modules, _ = loaded_by("import imgcost\nimgcost.image_block('data/samples/web/horse.gif')")
    assert not modules & {*HEAVY, "anthropic"}


@pytest.mark.slow
def test_an_estimate_on_the_command_line_loads_no_library_but_click():
    modules, printed = loaded_by(COMMAND, "estimate", "1920x1080", "-m", "sonnet")
    assert "1920x1080" in printed
    assert "click" in modules
    assert not modules & {*HEAVY, "rich"}


@pytest.mark.slow
def test_a_scan_without_rows_loads_no_library_but_click(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for suffix in ("jpeg", "png", "gif", "webp"):
        with Image.new("RGB", (280, 140), "teal") as picture:
            picture.save(pictures / f"teal.{suffix}")
    modules, printed = loaded_by(COMMAND, "scan", pictures)
    assert printed.startswith("4 images")
    assert not modules & HEAVY


@pytest.mark.slow
def test_an_image_that_needs_no_change_is_fitted_without_a_library():
    modules, printed = loaded_by("import imgcost\nprint(imgcost.fit('data/samples/photos/coffee.jpg').changed)")
    assert printed == "False\n"
    assert not modules & {*HEAVY, "pillow_heif"}


# Public names


@pytest.mark.parametrize("name", imgcost.__all__)
def test_every_public_name_exists(name):
    exported = getattr(imgcost, name)
    assert exported is getattr(imgcost, name)
    if isinstance(exported, (type, FunctionType, ModuleType)):  # an alias of a type has no docstring of its own
        assert exported.__doc__


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("estimate", "imgcost.estimates"),
        ("Estimate", "imgcost.estimates"),
        ("scan", "imgcost.files"),
        ("read_header", "imgcost.files"),
        ("audit", "imgcost.reports.frames"),
        ("plan", "imgcost.plans"),
        ("ImgcostError", "imgcost.errors"),
    ],
)
def test_a_public_name_is_that_of_its_module(name, module):
    assert getattr(imgcost, name) is getattr(importlib.import_module(module), name)


def test_dir_lists_the_public_names_in_order_and_nothing_else():
    assert dir(imgcost) == sorted(imgcost.__all__)
    assert len(set(imgcost.__all__)) == len(imgcost.__all__)


def test_a_star_import_has_every_public_name():
    space = {}
    exec("from imgcost import *", space)
    assert set(space) - {"__builtins__"} == set(imgcost.__all__)


def test_a_missing_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="module 'imgcost' has no attribute 'estimte'"):
        imgcost.estimte  # noqa: B018 - the attribute access is tested
    with pytest.raises(ImportError, match="estimte"):
        exec("from imgcost import estimte")


@pytest.mark.parametrize(
    "name",
    [
        "arrays",
        "errors",
        "estimates",
        "files",
        "geometry",
        "headers",
        "plans",
        "prices",
        "reports.writers",
        "tables",
        "text",
    ],
)
def test_every_module_defines_its_public_names(name):
    module = importlib.import_module(f"imgcost.{name}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_version_is_calendar_and_has_one_source():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert "version" not in project
    assert re.fullmatch(r"20\d\d\.([1-9]|1[0-2])\.\d+", imgcost.__version__)
    # The build backend reads a plain string from the module, without running it.
    tree = ast.parse((ROOT / "imgcost" / "version.py").read_text(encoding="utf-8"))
    [version] = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [target.id for target in node.targets] == ["__version__"]
    ]
    assert version == imgcost.__version__


def cycles(modules, imported):
    """Return groups of modules that import each other, directly or not: strongly connected components (Tarjan)."""
    number, lowest, waiting, groups = {}, {}, [], []

    def visit(module):
        number[module] = lowest[module] = len(number)
        waiting.append(module)
        for other in imported(module):
            if other not in number:
                visit(other)
            if other in waiting:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            at = waiting.index(module)
            groups.append(waiting[at:])
            del waiting[at:]

    for module in sorted(modules):
        if module not in number:
            visit(module)
    return [sorted(group) for group in groups if len(group) > 1]


def test_there_are_no_import_cycles():
    """Includes imports for type checkers. import-linter checks layers, and this checks modules within a layer."""
    imports = {"a": "b", "b": "cd", "c": "a", "d": ""}
    assert cycles(imports, imports.get) == [["a", "b", "c"]]
    graph = grimp.build_graph("imgcost", cache_dir=None)
    assert cycles(graph.modules, graph.find_modules_directly_imported_by) == []


# Errors

REJECTED = Findings(
    (Finding("image-edge", "error", "messages.0.content.0", "8001x8 px: a side is longer than 8000 px", "Scale it."),)
    * 11,
    (),
    None,
    "claude-api",
    DAY,
)

ERRORS = {
    errors.RequestError: (
        ("messages.2", "must be an object, not str"),
        {"advice": "Send an object."},
        "messages.2: must be an object, not str",
        {"location": "messages.2", "problem": "must be an object, not str", "advice": "Send an object."},
    ),
    imgcost.PreflightError: (
        (REJECTED,),
        {},
        "the API would reject this:\n"
        + "messages.0.content.0: 8001x8 px: a side is longer than 8000 px [image-edge]\n" * 10
        + "and 1 more",
        {"findings": REJECTED},
    ),
    errors.ImgcostError: (("it went wrong",), {}, "it went wrong", {}),
    errors.ArgumentError: (
        ("platform", "aws", "one of claude-api, bedrock"),
        {},
        "invalid platform 'aws': expected one of claude-api, bedrock",
        {"argument": "platform"},
    ),
    errors.SizeError: (("width is 0 px",), {}, "width is 0 px", {}),
    errors.HeaderError: (
        ("unsupported", "a TIFF image"),
        {
            "format": "TIFF",
            "advice": "Convert it.",
            "media_type": "image/tiff",
            "width": 8,
            "height": 6,
            "orientation": 6,
            "start": 2,
        },
        "a TIFF image",
        {"problem": "unsupported", "reason": "a TIFF image", "format": "TIFF", "advice": "Convert it."}
        | {"media_type": "image/tiff", "width": 8, "height": 6, "orientation": 6, "start": 2},
    ),
    errors.TableError: (
        ("prices.toml", "claude-opus-5.2", "no such model"),
        {},
        "prices.toml: claude-opus-5.2: no such model",
        {"file": "prices.toml", "key": "claude-opus-5.2"},
    ),
    errors.UnknownModelError: (
        ("sonet", ["sonnet", "claude-sonnet-5"]),
        {},
        "unknown model 'sonet': did you mean sonnet or claude-sonnet-5? Run 'imgcost models' to list supported models",
        {"name": "sonet", "suggestions": ("sonnet", "claude-sonnet-5")},
    ),
    errors.NoPriceError: (
        ("claude-opus-5", DAY, date(2026, 12, 1)),
        {"kind": "batch price"},
        (
            "no published batch price for claude-opus-5 on 2026-11-22; prices start on 2026-12-01: "
            "use that date or a later one"
        ),
        {"model": "claude-opus-5", "day": DAY, "first_day": date(2026, 12, 1)},
    ),
    errors.FitError: (
        ("too-large", "20000x20000 px", "Resize it."),
        {},
        "20000x20000 px. Resize it.",
        {"problem": "too-large", "reason": "20000x20000 px", "advice": "Resize it."},
    ),
    errors.MissingExtraError: (
        ("writing a .parquet file", "parquet"),
        {},
        (
            'writing a .parquet file needs the extra "parquet": pip install "imgcost[parquet]" '
            '(in a checkout: pip install ".[parquet]")'
        ),
        {"extra": "parquet"},
    ),
    errors.MissingPackageError: (
        ("imgcost.Preflight", "anthropic>=2.12"),
        {},
        "imgcost.Preflight needs anthropic>=2.12: pip install 'anthropic>=2.12'",
        {"package": "anthropic>=2.12"},
    ),
    errors.BudgetError: (
        ("not sent: too expensive", Decimal(1), Decimal(2), Decimal("0.5")),
        {},
        "not sent: too expensive",
        {"budget_usd": Decimal(1), "max_usd": Decimal(2), "left_usd": Decimal("0.5")},
    ),
}


def error_cases(kinds=frozenset(ERRORS)):
    return [pytest.param(kind, *case, id=kind.__name__) for kind, case in ERRORS.items() if kind in kinds]


def test_every_error_is_tested_here():
    assert {kind.__name__ for kind in ERRORS} == {*errors.__all__, "PreflightError"} - {"short_repr"}


@pytest.mark.parametrize(("kind", "args", "keywords", "message", "attributes"), error_cases())
def test_an_error_has_its_message_and_attributes(kind, args, keywords, message, attributes):
    error = kind(*args, **keywords)
    assert str(error) == message
    assert vars(error) == attributes
    assert isinstance(error, errors.ImgcostError)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ArgumentError, TypeError),
        (errors.ArgumentError, ValueError),
        (errors.SizeError, ValueError),
        (errors.RequestError, ValueError),
        (imgcost.PreflightError, ValueError),
        (errors.HeaderError, ValueError),
        (errors.UnknownModelError, LookupError),
        (errors.NoPriceError, LookupError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_errors_are_also_built_in_errors(kind, builtin):
    assert issubclass(kind, builtin)


def test_a_value_in_an_error_is_truncated_and_cannot_raise():
    class Odd:
        def __repr__(self):
            raise RuntimeError

    assert len(str(errors.ArgumentError("platform", b"x" * 10**6, "a word"))) < 100
    assert str(errors.ArgumentError("platform", Odd(), "a word")) == "invalid platform of type Odd: expected a word"


def test_optional_attributes_of_errors_have_defaults():
    assert "unknown model 'gpt-4o'. Run" in str(errors.UnknownModelError("gpt-4o"))
    assert errors.UnknownModelError("gpt-4o").suggestions == ()
    assert str(errors.NoPriceError("claude-opus-5", DAY, None)).endswith(
        "for claude-opus-5 on 2026-11-22. Run 'imgcost models claude-opus-5' to list its prices"
    )
    ended = str(errors.NoPriceError("claude-opus-5", DAY, DAY, kind="fast price"))
    assert ended.endswith("prices start on 2026-11-22. Run 'imgcost models claude-opus-5' to list its prices")
    assert errors.HeaderError("empty", "nothing in it").format is None


@pytest.mark.parametrize(("kind", "args", "keywords", "message", "attributes"), error_cases())
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling(protocol, kind, args, keywords, message, attributes):
    back = pickle.loads(pickle.dumps(kind(*args, **keywords), protocol))
    assert (type(back), str(back), vars(back)) == (kind, message, attributes)


def test_python_m_imgcost_is_the_command_line(monkeypatch, capsys):
    threshold = gc.get_threshold()
    monkeypatch.setattr(sys, "argv", ["imgcost", "--version"])
    monkeypatch.delitem(sys.modules, "imgcost.__main__", raising=False)
    try:
        with pytest.raises(SystemExit) as caught:
            runpy.run_module("imgcost", run_name="__main__")
    finally:
        gc.set_threshold(*threshold)
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"imgcost {imgcost.__version__}\n"


def test_the_installed_command_and_python_m_are_the_same():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["imgcost"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.slow  # starts a process
def test_no_module_hides_a_public_name():
    """Importing a submodule sets it as an attribute of the package, in place of a function of the same name."""
    code = (
        "import imgcost, pkgutil; from importlib import import_module\n"
        "before = {name: getattr(imgcost, name) for name in imgcost.__all__}\n"
        "for module in pkgutil.walk_packages(imgcost.__path__, 'imgcost.'):\n"
        "    module.name.endswith('__main__') or import_module(module.name)\n"
        "print([name for name in before if getattr(imgcost, name) is not before[name]])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
