"""The exit codes of every command: the one table that `imgcost --help`, README.md and the tests read."""

from __future__ import annotations

__all__ = ["BROKEN_PIPE", "EXIT_CODES", "FAILED", "FOUND", "HUNG_UP", "INTERRUPTED", "QUIT", "SUCCESS", "TERMINATED"]

SUCCESS, FOUND, FAILED = 0, 1, 2

HUNG_UP, INTERRUPTED, QUIT, BROKEN_PIPE, TERMINATED = 129, 130, 131, 141, 143
"""128 plus the number of the signal (SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM), which is what shells report."""

EXIT_CODES = {
    SUCCESS: "Success. Warnings do not change it, unless check --strict is given.",
    FOUND: "check found an error (with --strict, also a warning), or the cost is over --budget.",
    FAILED: "imgcost could not do its work: invalid usage, an unknown model, no published price for the date, a file "
    "that cannot be written, or a bug in imgcost. With --fail-on-unreadable, also a file that could not be read; with "
    "--fail-on-empty, also that no image was found.",
    HUNG_UP: "The terminal was closed (SIGHUP).",
    INTERRUPTED: "Interrupted by Ctrl-C.",
    QUIT: "Ended by SIGQUIT.",
    BROKEN_PIPE: "The program that reads the output closed it, as head does.",
    TERMINATED: "Terminated by SIGTERM.",
}
"""What each exit code means, in the order in which it is listed."""
