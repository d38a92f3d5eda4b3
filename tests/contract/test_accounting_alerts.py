"""The alerts of the watch speak of metrics and words that there are, and each leads to a page that can be followed."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from services.frontdoor.__main__ import COMMANDS
from services.frontdoor.cli import parser_of
from services.frontdoor.watch.differences import Kind
from services.frontdoor.watch.following import Stage

ROOT: Final = Path(__file__).parents[2]
ALERTS: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/alerts/accounting.yaml").read_bytes())["groups"]
    for rule in group["rules"]
]
PAGES: Final = sorted({alert["annotations"]["runbook"] for alert in ALERTS})
COLLECTORS: Final = """
import services.frontdoor.watch.app
from prometheus_client import REGISTRY
for collector, names in REGISTRY._collector_to_names.items():
    print(*names, "|", *getattr(collector, "_labelnames", ()))
"""


@cache
def metrics() -> dict[str, set[str]]:
    """Every series of the watch by its name, with the labels it has."""
    said = subprocess.run(
        [sys.executable, "-c", COLLECTORS], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    lines = [line.partition("|") for line in said.splitlines()]
    return {name: set(labels.split()) for names, _, labels in lines for name in names.split()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_asks_for_metrics_labels_and_words_that_there_are(alert: dict[str, Any]) -> None:
    named = re.findall(r"\b(frontdoor_\w+)\b(?:\{([^}]*)\})?", alert["expr"])
    assert named
    words = {"reason": {kind.value for kind in Kind}, "stage": {stage.value for stage in Stage}}
    for metric, braces in named:
        asked = dict(re.findall(r'(\w+)!?=~?"([^"]*)"', braces))
        assert set(asked) <= metrics()[metric]
        for label, value in asked.items():
            assert set(value.split("|")) <= words.get(label, set(value.split("|")))
    for by in re.findall(r"by \(([^)]*)\)", alert["expr"]):
        assert set(by.split(", ")) <= metrics()[named[0][0]]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_in_words_what_is_so(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert "frontdoor_" not in alert["annotations"]["summary"]
    labels = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    assert labels <= {word for by in re.findall(r"by \(([^)]*)\)", alert["expr"]) for word in by.split(", ")}
    assert alert["alert"] in (ROOT / alert["annotations"]["runbook"]).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_means_how_to_look_and_what_to_do_with_commands_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text()
    assert text.startswith(tuple(f"# {alert['alert']}\n" for alert in ALERTS))
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["What it means for a person waiting", "Look", "Do"]
    subparsers = parser_of(COMMANDS)._subparsers
    assert subparsers
    (commands,) = [action.choices for action in subparsers._group_actions]
    assert set(re.findall(r"\bfrontdoor ([a-z]+)\b", text)) <= set(commands or ())
