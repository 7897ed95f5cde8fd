"""The report of a scan as Markdown: the summary, and one row per image and model."""

from __future__ import annotations

from datetime import date

from quoting import quoted

from imgcost.files import Image, Unreadable
from imgcost.reports import markdown
from imgcost.reports.writers import open_scan
from imgcost.summaries import ScanSummary

DAY = date(2026, 11, 22)
SONNET, AREA = (quoted(name, as_of=DAY) for name in ("claude-sonnet-5-5", "claude-3-sonnet"))


def image(path):
    return Image(path, "image/png", 1000, 1000, orientation=1, animated=False, file_bytes=900)


def written(path, *parts, quotes=(SONNET,)):
    with open_scan(str(path), quotes) as sink:
        summary = ScanSummary(quotes)
        for part in parts:
            summary.add([part])
            sink.writer.write(sink.encode([part]))
        sink.writer.finish(summary)
    return path.read_text(encoding="utf-8")


def test_markdown_has_the_summary_and_the_rows(tmp_path):
    part = ("f", [image("<b>|*\n.png"), Unreadable("x", "empty", "the file is empty")])
    text = written(tmp_path / "a.md", part, quotes=(AREA, SONNET))
    assert text.startswith("# What images cost with Claude\n\n## 1 image, 900 bytes. claude-3-sonnet-20240229")
    assert r"| &lt;b>\|\*\\n.png | 1000x1000 | claude-3-sonnet-20240229 | 1,334 | $0.0040 |" in text
    assert r"| &lt;b>\|\*\\n.png | 1000x1000 | claude-sonnet-5-5 | 1,296 | $0.0026 |" in text
    assert "## All images" in text
    assert "claude-3-sonnet-20240229 retired on 2025-07-21; the last price is used here.\n" in text
    assert text.endswith("not published) for claude-sonnet-5-5.\n")


def test_markdown_lists_a_limited_number_of_images(tmp_path, monkeypatch):
    monkeypatch.setattr(markdown, "MAX_IMAGES", 3)
    text = written(tmp_path / "a.md", *[("", [image(f"{n}.png"), image(f"{n}b.png")]) for n in range(3)])
    assert "## The first 3 of 6 images" in text
    assert [line.split()[1] for line in text.splitlines() if ".png |" in line] == ["0.png", "0b.png", "1.png"]


def test_markdown_without_images_has_only_a_summary(tmp_path):
    assert "All images" not in written(tmp_path / "a.md")
