"""Write workbooks of scans and plans, change their input cells, and recalculate them in LibreOffice.

LibreOffice gets copies whose formulas have wrong values, so that every number it returns is recalculated.
"""

from __future__ import annotations

import io
import pickle
import re
import subprocess
import zipfile
from datetime import date
from functools import cache

import openpyxl
import pytest

from imgcost.plans import make_scenario, plan, quotes_of
from imgcost.quoting import quotes
from imgcost.reports.jobs import JobFeed
from imgcost.reports.workbook import workbook_sink
from imgcost.reports.writers import open_scan
from imgcost.summaries import ScanSummary

DAY = date(2026, 11, 22)
HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def groups_of(files):
    """Group files by folder, as a scan does."""
    folders = dict.fromkeys(file.path.split("/")[0] for file in files)
    return [(folder, [file for file in files if file.path.split("/")[0] == folder]) for folder in sorted(folders)]


def written(path, groups, models=SONNET, *, day=DAY, max_rows=1_048_576, sizes=((1000, 1000),), **conditions):
    """Write a workbook of the results of a scan."""
    selected = quotes([models] if isinstance(models, str) else models, as_of=day, **conditions)
    with path.open("wb") as file:
        sink = workbook_sink(file, selected, lambda _done, _total: None, max_rows=max_rows, sizes=sizes)
        summary = ScanSummary(selected, token_rules=sink.token_rules)
        for group in groups:
            summary.add([group])
            sink.writer.write(pickle.loads(pickle.dumps(sink.encode))([group]))
        sink.writer.finish(summary)
    return path


def planned_book(path, job, models=SONNET, **settings):
    """Write the workbook of a plan, as `imgcost plan -o` does."""
    settings = {"models": models, "as_of": DAY} | settings
    selected = quotes_of(make_scenario(**settings))
    with open_scan(str(path), selected) as sink:
        feed = JobFeed([sink], selected)
        feed.finish(plan(feed.passing(job), **settings))
    return path


def cell_of(book, name):
    """Return the cell that has a name."""
    sheet, cell = book.defined_names[name].attr_text.split("!")
    return book[sheet.strip("'")][cell]


@cache
def without_large_sheets(path):
    """Return a workbook as a file in memory, without sheets that are slow to read and not used by the Budget."""
    book, file = openpyxl.load_workbook(path), io.BytesIO()
    del book["Prices"], book["Calculator"], book["Steps"], book["Notes"]
    book.save(file)
    return file


def changed(path, target, settings):
    """Save a copy with other input cells, without values of formulas."""
    book = openpyxl.load_workbook(without_large_sheets(path))
    for name, value in settings.items():
        name = {"cache": "prompt_cache"}.get(name, name)  # noqa: PLW2901 - the name of the cell
        cell_of(book, name).value = {True: "yes", False: "no"}[value] if name == "batch" else value
    book.save(target)
    return target


def spoiled(path, target):
    """Save a copy in which every formula has a wrong value."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            if name.startswith("xl/worksheets/"):
                text = re.sub(rb"</f><v>[^<]*</v>", b"</f><v>-7</v>", text)
                text = re.sub(rb' t="str"><f>', b"><f>", text)
            new.writestr(name, text)
    return target


def recalculated(libreoffice, folder, paths):
    """Recalculate workbooks in LibreOffice, and return the paths of the results."""
    profile, wrong_folder, right_folder = folder / "profile", folder / "wrong", folder / "right"
    for new in (profile / "user", wrong_folder):
        new.mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS)
    copies = [spoiled(path, wrong_folder / path.name) for path in paths]
    command = [libreoffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", right_folder, *copies], check=True, capture_output=True, timeout=600)
    return [right_folder / path.name for path in paths]


def formulas(path):
    """Yield the sheet and cell of every formula."""
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate


def agree(left, right):
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == pytest.approx(right, rel=1e-12, abs=0)
    return (left or "") == (right or "")


def disagreements(path, recalculated_path):
    """Return the formulas whose value changes on recalculation, and the number of formulas."""
    before, after = map(values_of, (path, recalculated_path))
    cells = list(formulas(path))
    values = [(sheet, cell, before[sheet][cell].value, after[sheet][cell].value) for sheet, cell in cells]
    return [row for row in values if not agree(*row[2:])], len(cells)


@cache
def values_of(path):
    return openpyxl.load_workbook(path, data_only=True)


def budget_of(path):
    """Return the table of models on the sheet Budget: model to its row."""
    sheet = values_of(path)["Budget"]
    rows = list(sheet.iter_rows(min_col=2, max_col=13, values_only=True))
    start = next(index for index, row in enumerate(rows) if row[:2] == ("Model", "Resolution tier"))
    named = ((row[0].removesuffix(" (by invitation)"), row) for row in rows[start + 1 :] if row[0])
    return {name: dict(zip(rows[start], row, strict=True)) for name, row in named}


def alternatives_of(path):
    """Return the block Alternatives of the Budget: change to total, saving, share, and the rest."""
    rows = list(values_of(path)["Budget"].iter_rows(min_col=2, max_col=6, values_only=True))
    start = next((index for index, row in enumerate(rows) if row[0] == "Change"), None)
    if start is None:
        return {}
    end = next(index for index, row in enumerate(rows) if index > start and row[0] is None)
    return {label: rest for label, *rest in rows[start + 1 : end]}


def figures_of(path):
    """Return the blocks of the sheet Budget: label to the values next to it."""
    sheet = values_of(path)["Budget"]
    figures = {}
    for row in sheet.iter_rows(min_row=6, max_row=40, min_col=2, max_col=13, values_only=True):
        if str(row[0]).startswith(("The same job", "Alternatives")):
            break
        figures |= {row[0]: row[1], row[3]: row[5:8], row[9]: row[11]}
    return figures
