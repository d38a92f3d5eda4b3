"""Alerts speak of metrics that there are, and each leads to a page that says what it means and what to do."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import docker
import pytest
import yaml

from services.frontdoor.__main__ import COMMANDS
from services.frontdoor.cli import parser_of
from services.frontdoor.database import ROLES
from services.frontdoor.watch.differences import Kind
from services.frontdoor.watch.following import Stage
from shared.codes import HoldReason, Status
from shared.lagging.verdict import Verdict
from shared.topics import GROUPS
from tests.engine import PROMETHEUS_IMAGE

ROOT: Final = Path(__file__).parents[2]
RULES: Final = sorted((ROOT / "deploy" / "alerts").iterdir())
CASES: Final = ROOT / "tests" / "samples" / "alerts"
RUNBOOKS: Final = ROOT / "deploy" / "runbooks"
ON_PURPOSE: Final = ("rolling-restart", "scaling", "new-version", "migrating", "restoring-postgresql")
PROMETHEUS_ADDS: Final = {"job", "instance"}
OF_PROMETHEUS: Final = {"up": set[str]()}
APPS: Final = ("intake", "triage", "audit", "frontdoor.watch")
WORDS: Final[dict[str, set[str]]] = {
    "verdict": set(Verdict),
    "group": set(GROUPS),
    "reason": {*HoldReason, *Kind, "sent-to-hub", "unanswered"},
    "stage": set(Stage),
    "status": set(Status),
    "synthetic": {"true", "false"},
}
COLLECTORS: Final = """
import services.{app}.app
from prometheus_client import REGISTRY
for collector, names in REGISTRY._collector_to_names.items():
    print(*names, "|", *getattr(collector, "_labelnames", ()))
"""


@cache
def metrics() -> dict[str, set[str]]:
    """Every series of the services and the watch by its name, with the labels it has."""
    found: dict[str, set[str]] = dict(OF_PROMETHEUS)
    for app in APPS:
        code = COLLECTORS.format(app=app)
        said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
        for line in said.splitlines():
            names, _, labels = line.partition("|")
            found |= {name: set(labels.split()) for name in names.split()}
    return found


def alerts() -> list[dict[str, Any]]:
    files = [yaml.safe_load(file.read_bytes()) for file in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def series() -> list[str]:
    """Every input series of the cases, as written."""
    files = [yaml.safe_load((CASES / file.name).read_bytes()) for file in RULES]
    return sorted({each["series"] for file in files for case in file["tests"] for each in case["input_series"]})


def selected(expression: str) -> list[tuple[str, str]]:
    """The metrics that an expression names, each with what stands in its braces."""
    return re.findall(r"\b(frontdoor_\w+|up)\b(?:\{([^}]*)\})?", expression)


def labels(braces: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)!?=~?"([^"]*)"', braces))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_asks_for_metrics_that_there_are(alert: dict[str, Any]) -> None:
    named = selected(alert["expr"])
    assert named
    for metric, braces in named:
        assert metric in metrics()
        assert set(labels(braces)) <= metrics()[metric] | PROMETHEUS_ADDS
        assert_words(braces)
    for by in re.findall(r"by \(([^)]*)\)", alert["expr"]):
        assert set(by.split(", ")) <= metrics()[named[0][0]]


def assert_words(braces: str) -> None:
    """What labels are asked for is what they can be."""
    for label, value in labels(braces).items():
        assert set(value.split("|")) <= WORDS.get(label, set(value.split("|")))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_in_words_what_is_so_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert not re.search(r"frontdoor_|\bpromql\b", alert["annotations"]["summary"])
    named = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    by = {word for words in re.findall(r"by \(([^)]*)\)", alert["expr"]) for word in words.split(", ")}
    assert named <= by | PROMETHEUS_ADDS
    page = (ROOT / alert["annotations"]["runbook"]).read_text()
    assert page.startswith(f"# {alert['alert']}\n")


def test_every_alert_has_a_page_of_its_own_and_every_other_is_of_what_is_done_on_purpose():
    pages = [f"deploy/runbooks/{page.name}" for page in RUNBOOKS.iterdir()]
    on_purpose = [f"deploy/runbooks/{name}.md" for name in ON_PURPOSE]
    assert sorted(pages) == sorted([*on_purpose, *(alert["annotations"]["runbook"] for alert in alerts())])


@pytest.mark.parametrize("name", ON_PURPOSE)
def test_what_is_done_on_purpose_is_followed_by_a_test(name: str) -> None:
    tests = (ROOT / "tests" / "integration").glob("test_operating*.py")
    assert any(f'"{name}"' in test.read_text() for test in tests)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.iterdir()), ids=lambda page: str(page.stem))
def test_a_page_begins_with_whom_it_is_about(page: Path) -> None:
    headings = re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)
    assert headings == ["What it means for a person waiting", "Look", "Do"]


@pytest.mark.parametrize("page", sorted(RUNBOOKS.iterdir()), ids=lambda page: str(page.stem))
def test_a_page_gives_only_commands_and_metrics_that_there_are(page: Path) -> None:
    text, parser = page.read_text(), parser_of(COMMANDS)
    for command in re.findall(r"^frontdoor (.*)$", text, re.MULTILINE):
        parser.parse_args(shlex.split(command))
    for command in re.findall(r"`frontdoor ([^`]*)`", text):
        with pytest.raises(SystemExit) as left:
            parser.parse_args([*shlex.split(command), "--help"])
        assert left.value.code == 0, command
    named = {name for name, _ in selected(text)} - {f"frontdoor_{role}" for role in ROLES}
    assert named <= set(metrics())


@pytest.mark.parametrize("written", series())
def test_a_case_is_of_series_that_there_can_be(written: str) -> None:
    ((metric, braces),) = selected(written)
    assert set(labels(braces)) == metrics()[metric] | PROMETHEUS_ADDS
    assert_words(braces)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = "".join((CASES / file.name).read_text() for file in RULES)
    for alert in alerts():
        tried = re.findall(rf'alertname="{alert["alert"]}".*', cases)
        assert any("exp_samples: []" in line for line in tried), alert["alert"]
        assert any("exp_samples: [{" in line for line in tried), alert["alert"]


@pytest.mark.prometheus
@pytest.mark.parametrize("command", ["check", "test"])
def test_promtool_agrees(command: str, tmp_path: Path) -> None:
    for file in RULES:
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / f"{file.stem}-cases.yaml").write_bytes((CASES / file.name).read_bytes())
    tmp_path.chmod(0o755)
    files = [f"/rules/{file.stem}{'-cases' if command == 'test' else ''}.yaml" for file in RULES]
    client = docker.from_env()
    try:
        said = client.containers.run(
            PROMETHEUS_IMAGE,
            [command, "rules", *files],
            entrypoint=["promtool"],
            volumes={str(tmp_path): {"bind": "/rules", "mode": "ro"}},
            user="0",
            remove=True,
            stderr=True,
        ).decode()
    except docker.errors.ContainerError as error:
        pytest.fail(error.stderr.decode())
    finally:
        client.close()
    assert said.count("SUCCESS") == len(RULES)
