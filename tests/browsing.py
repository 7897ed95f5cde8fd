"""Open HTML reports in a browser without a network. Tests that need it are skipped where it is not installed."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from decimal import Decimal

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no chromium is installed: apt-get install chromium", allow_module_level=True)

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SET = """(set) => {
  const form = document.getElementById("settings");
  for (const [name, value] of Object.entries(set)) {
    const field = form.elements[name];
    if (!field || value === null) continue;
    if (name === "batch") field.checked = value; else field.value = value;
  }
  form.dispatchEvent(new Event("input"));
  const text = (id) => document.getElementById(id).textContent;
  const cells = [...document.querySelectorAll("#class-rows tr")].slice(0, 5).map((row) => row.cells[1].textContent);
  return { total: text("total"), exact: text("exact"), requests: text("requests"), notes: text("notes"),
    classes: cells };
}"""


@contextmanager
def offline_browser(profile):
    """Start a browser; `profile` is an empty folder."""
    with sync_api.sync_playwright() as playwright:
        options = {"executable_path": CHROMIUM, "headless": True, "args": FLAGS, "offline": True}
        context = playwright.chromium.launch_persistent_context(profile, **options)
        yield context
        context.close()


def usd(text):
    """Read exact dollars."""
    return Decimal(text.removeprefix("Exactly ").removeprefix("$").replace(",", ""))


class Opened:
    """An open page with its requests, messages and errors."""

    def __init__(self, browser, path, fragment=""):
        self.path, self.url = path, path.as_uri()
        self.requests, self.logged = [], []
        self.tab = browser.new_page()
        self.tab.route("**", self.answer)
        self.tab.on("console", lambda message: self.logged.append(message.text))
        self.tab.on("pageerror", lambda error: self.logged.append(str(error)))
        self.tab.on("dialog", lambda dialog: (self.logged.append(dialog.message), dialog.dismiss()))
        self.tab.goto(self.url + fragment)

    def answer(self, route):
        self.requests.append(route.request.url)
        if route.request.url.partition("#")[0] == self.url:
            route.continue_()
        else:
            route.abort()

    def set(self, **settings):
        """Set fields of the panel, and reset all others."""
        plain = {"model": "claude-sonnet-5-5", "images": 1, "prompt": 0, "output": 0, "cache": "none", "geo": "global"}
        return self.tab.evaluate(SET, plain | {"batch": False, "downscale": "", "unit": "tokens"} | settings)
