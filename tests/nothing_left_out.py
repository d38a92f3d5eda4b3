"""A pytest plugin for the gate: a run that skips, expects a failure of, or deselects any test has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

LEFT_OUT = ("skipped", "xfailed", "xpassed", "deselected")


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Deselection leaves no report in the outcome; it is remembered on the configuration."""
    for item in items:
        item.config.stash.setdefault(_DESELECTED, []).append(item.nodeid)


_DESELECTED = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turns a run that left something out into a failed one."""
    if left_out(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names what was left out."""
    for name in left_out(config):
        terminalreporter.write_line(f"LEFT OUT {name}", red=True)


def left_out(config: pytest.Config) -> list[str]:
    """The tests that did not plainly run, each with how."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    reported = [
        f"{outcome}: {getattr(report, 'nodeid', '?')}" for outcome in LEFT_OUT for report in stats.get(outcome, [])
    ]
    return sorted({*reported, *(f"deselected: {name}" for name in config.stash.get(_DESELECTED, []))})
