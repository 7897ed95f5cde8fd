"""Exit codes of all commands, in one table for `imgcost --help` and the tests."""

from __future__ import annotations

__all__ = ["BROKEN_PIPE", "EXIT_CODES", "FAILED", "FINDINGS", "HUNG_UP", "INTERRUPTED", "QUIT", "SUCCESS", "TERMINATED"]

SUCCESS, FINDINGS, FAILED = 0, 1, 2

HUNG_UP, INTERRUPTED, QUIT, BROKEN_PIPE, TERMINATED = 129, 130, 131, 141, 143
"""128 plus the signal number (SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM), as shells report it."""

EXIT_CODES = {
    SUCCESS: "Success, possibly with warnings (check --strict turns those into failures).",
    FINDINGS: "check: an error was found, such as an unknown model in a request (with --strict, also a warning), or "
    "with --budget the cost is unknown. check and plan: the cost is over --budget. fit: an image could not be fitted, "
    "or a fixed request would still be rejected.",
    FAILED: "imgcost failed: invalid usage, an unknown model, no published price for the date, a file that cannot be "
    "written, or a bug in imgcost. In estimate, with --fail-on-unreadable, or in plan with --budget, also if a file "
    "could not be read; with --fail-on-empty, also if no images were found.",
    HUNG_UP: "The terminal was closed (SIGHUP).",
    INTERRUPTED: "Interrupted by Ctrl-C.",
    QUIT: "Quit (SIGQUIT).",
    BROKEN_PIPE: "The reader of the output closed the pipe, as head does (SIGPIPE).",
    TERMINATED: "Terminated (SIGTERM).",
}
"""What each exit code means, in the order of the list in --help."""
