"""The parts of a page below the panel: what would be rejected, what costs most, what is downscaled, its sources."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import number, plural
from imgcost.geometry import resized_size
from imgcost.reports.html.cells import Grid, Name, TierName, shortened, usd_of
from imgcost.reports.html.charts import folder_chart, size_chart, token_bins, token_chart
from imgcost.reports.html.gathering import LISTED
from imgcost.reports.html.templates import as_markup
from imgcost.summaries import Measure
from imgcost.text.estimates import terms_notes, terms_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from imgcost.estimates import Terms
    from imgcost.geometry import Tier
    from imgcost.reports.html.gathering import Gathered
    from imgcost.reports.html.models import Compared
    from imgcost.summaries import Tally

__all__ = ["Section", "model_grid", "notes_of", "sections_of"]

NAME_IN_CHART = 40
FOLDERS = 10


class Section(NamedTuple):
    """A part of the page.

    Attributes:
        id: Its name in the page.
        title: Its heading.
        lead: A sentence below that, or nothing.
        charts: Its charts, SVG.
        tables: Its tables.
        folded: Tables that open when asked.
    """

    id: str
    title: str
    lead: str = ""
    charts: Sequence[Markup] = ()
    tables: Sequence[Grid] = ()
    folded: Sequence[Grid] = ()


def model_grid(tally: Tally, compared: Sequence[Compared]) -> Grid:
    """What the images cost as input with each model; the last column waits for the panel.

    Args:
        tally: The sums.
        compared: The models.

    Returns:
        A table.
    """
    columns = ("model", "tier", ">downscaled", ">visual tokens", ">$ per MTok", ">as input", ">what if")
    grid = Grid("The images alone, as input, and the job of the panel", columns, [])
    for model, measure, terms in compared:
        tokens = tally.tokens(measure)
        rate = f"{terms.usd_per_mtok.normalize():f}" if terms else ""
        usd = usd_of(terms.cost_usd(tokens)) if terms else "not offered"
        name = f"{model.id} (by invitation)" if model.restricted else model.id
        downscaled = number(tally.downscaled_by(measure))
        grid.rows.append((name, TierName(measure.tier.name), downscaled, number(tokens), rate, usd, ""))
    return grid


def sections_of(found: Gathered, first: Terms) -> Iterator[Section]:
    """Build the parts of a page that have anything to say.

    Args:
        found: What the scan added up.
        first: The terms that price folders and images.

    Yields:
        The parts, in their order.
    """
    tally = found.tally
    if tally.unreadable or found.rejected:
        yield _problems(found)
    if tally.images:
        yield _tokens(tally)
        yield _sizes(found)
        yield _costliest(found, first)
        if found.downscaled:
            yield _downscaled(found)


def notes_of(tally: Tally, first: Terms) -> list[str]:
    """Say what the page rests on.

    Args:
        tally: The sums.
        first: The terms of the first model.

    Returns:
        Sentences.
    """
    notes = [
        f"{terms_title(first)}.",
        "Tokens are counted by the published rule from the size in each file's header; nothing was sent or decoded.",
        "Dollars are exact, and rounded for reading only: all digits of each show when it is pointed at.",
        *terms_notes(first.model.id, first),
    ]
    if tally.duplicates:
        saved = first.cost_usd(tally.tokens_of_duplicates(Measure.of(first)))
        notes.append(f"{plural(tally.duplicates, 'duplicate')} left out: that saves {usd_of(saved).text}.")
    return notes


def _problems(found: Gathered) -> Section:
    unreadable, findings = found.tally.unreadable, found.findings
    tables = []
    if findings:
        rows = [(Name.of(one.place), Name.of(one.message), one.advice) for one in findings]
        title = _listed("Over a limit of the Claude API", found.rejected, "image")
        tables.append(Grid(title, ("image", "what", "what to do"), list(rows)))
    if unreadable:
        if len(unreadable) > LISTED:
            counts = [(one, number(count)) for one, count in Counter(one.problem for one in unreadable).most_common()]
            tables.append(Grid("Not counted, by reason", ("problem", ">entries"), list(counts)))
        files = [(Name.of(one.path), one.problem, Name.of(one.reason)) for one in unreadable[:LISTED]]
        tables.append(
            Grid(
                _listed("Not counted", len(unreadable), "entry", "entries"), ("path", "problem", "reason"), list(files)
            )
        )
    lead = "What is over a limit is counted above all the same; what cannot be read is not."
    return Section("rejected", "What would be rejected", lead, tables=tables)


def _tokens(tally: Tally) -> Section:
    tables = []
    for (tier, formula), bins in token_bins(tally):
        rows = [(f"{number(first)} to {number(last)}", number(images)) for first, last, images in bins]
        title = f"Images by tokens: {tier.name} tier, {formula} formula"
        tables.append(Grid(title, ("tokens", ">images"), list(rows)))
    return Section("tokens", "Tokens an image", charts=[as_markup(token_chart(tally))], folded=tables)


def _sizes(found: Gathered) -> Section:
    kept = {}
    for (tier, _), images in zip(found.tally.measures, found.tally.downscaled, strict=True):
        whose = f"the {tier.name} tier ({tier.edge_limit} px and {plural(tier.token_limit, 'token')} at most)"
        kept[tier.name] = f"{number(images)} of {plural(found.tally.images, 'image')} downscaled on {whose}."
    svg = as_markup(size_chart(found.sizes, _tiers(found), " ".join(kept.values())))
    return Section("sizes", "Sizes and the limits of the tiers", " ".join(kept.values()), charts=[svg])


def _costliest(found: Gathered, first: Terms) -> Section:
    folders = found.tally.costliest_folders(FOLDERS)
    drawn = [(shortened(folder, NAME_IN_CHART) or ".", images, tokens) for folder, images, tokens in folders]
    rows = [
        (Name.of(folder or "."), number(images), number(tokens), usd_of(first.cost_usd(tokens)))
        for folder, images, tokens in folders
    ]
    images = [
        (Name.of(one.path), f"{one.width}x{one.height}", number(one.tokens), usd_of(first.cost_usd(one.tokens)))
        for one in found.costliest
    ]
    tables = [
        Grid(
            _listed("Costliest folders, by their own images", len(found.tally.folders), "folder", most=FOLDERS),
            ("folder", ">images", ">tokens", ">cost"),
            list(rows),
        ),
        Grid(
            _listed("Costliest images", found.tally.images, "image"),
            ("image", ">size, px", ">tokens", ">cost"),
            list(images),
        ),
    ]
    svg = as_markup(folder_chart(drawn, first))
    return Section("costliest", "What costs most", f"With {first.model.id}.", charts=[svg], tables=tables)


def _downscaled(found: Gathered) -> Section:
    tiers = _tiers(found)
    grid = Grid(
        f"The largest images that are downscaled, {LISTED} at most",
        ("image", ">size, px", *(f">{tier.name} tier sees" for tier in tiers)),
        [],
    )
    for one in found.downscaled:
        seen = [resized_size(one.width, one.height, tier) for tier in tiers]
        sizes = ["as it is" if size == (one.width, one.height) else "x".join(map(str, size)) for size in seen]
        grid.rows.append((Name.of(one.path), f"{one.width}x{one.height}", *sizes))
    lead = "The API downscales what is beyond the limits of the tier; bytes beyond that are sent for nothing."
    return Section("downscaled", "What is downscaled", lead, tables=[grid])


def _tiers(found: Gathered) -> list[Tier]:
    return sorted({measure.tier for measure in found.tally.measures})


def _listed(title: str, count: int, one: str, many: str = "", most: int = LISTED) -> str:
    return f"{title}: {most} of {plural(count, one, many)}" if count > most else f"{title}: {plural(count, one, many)}"
