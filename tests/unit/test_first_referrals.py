"""The referrals that a newcomer is shown: each goes straight to a team, and its answer is shown with its status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from services.frontdoor.demo.next_steps import REFERRAL, next_steps
from services.intake.coding import code
from services.intake.contract.reading import read
from services.triage.facts import facts_of, with_blanks
from services.triage.rules import read as read_rules
from shared.codes import Gate
from shared.running import Keys, Running
from tests.intake_coded import PLACE, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "rules" / "lambeth" / "ruleset.yaml"
STATUS_SHOWN = r"-w '\n%{http_code}\n'"


def told_by_first_run(folder: Path) -> str:
    (folder / ".env").write_text("")
    command = [sys.executable, str(ROOT / "deploy" / "first_run.py"), "tell"]
    environment = os.environ | {"FRONTDOOR_ROOT": str(folder)}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def body_in(text: str) -> dict[str, Any]:
    """The referral that a command in the text sends."""
    found = re.search(r"-d '(\{.*?\})'", text, re.DOTALL)
    assert found
    body: dict[str, Any] = json.loads(found[1])
    return body


def waits_for_a_person(body: dict[str, Any]) -> bool:
    """Whether Lambeth's rules hold it at the hub, or its destination's gate does."""
    rules = read_rules(RULES.read_bytes(), RULES.name)
    proposed = rules.propose(with_blanks(facts_of(code(read(body), PLACE, TODAY))))
    return (
        proposed.hold or proposed.destination == "hub" or rules.destinations[proposed.destination].gate is Gate.BEFORE
    )


def test_that_of_the_readme_waits_for_nobody() -> None:
    text = (ROOT / "README.md").read_text()
    assert not waits_for_a_person(body_in(text))
    assert STATUS_SHOWN in text


def test_that_of_make_up_is_the_readmes(tmp_path: Path) -> None:
    told = told_by_first_run(tmp_path)
    assert body_in(told) == body_in((ROOT / "README.md").read_text())
    assert STATUS_SHOWN in told


def test_that_of_the_demo_waits_for_nobody() -> None:
    assert not waits_for_a_person(REFERRAL)


@pytest.fixture
def intake() -> Iterator[str]:
    """Something that answers as intake does: one line of JSON, without its end."""

    class Taken(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b'{"referral_id": "the-id", "emergency": false}')

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Taken) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(not which("curl"), reason="needs curl")
def test_the_demos_line_shows_the_answer_with_its_status_and_notes_the_id_alone(intake: str) -> None:
    running = Running(intake=intake, keys=Keys(source="key", team="key", hub="key"))
    (_, line), *_ = next_steps(running)
    done = subprocess.run(["bash", "-c", f"{line}; echo $ID"], check=True, capture_output=True, text=True)
    assert done.stdout == "the-id\n"
    assert done.stderr.splitlines()[1:] == ["202"]
