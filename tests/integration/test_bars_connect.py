"""The message of docs/connect/bars.md works as it is pasted, and its table of steps is true; the client is curl."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.bars import issue, parsed, request_id
from tests.stack import KEYS

if TYPE_CHECKING:
    from tests.stack import Stack

PAGE = (Path(__file__).parents[2] / "docs" / "connect" / "bars.md").read_text()
PASTED = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0]
REQUEST_ID = re.findall(r"X-Request-Id: ([0-9a-f-]{36})", PASTED)[0]


def pasted(stack: Stack, *changes: tuple[str, str], again: bool = False) -> bytes:
    """What curl shows, after changes to the pasted text; under a new request id unless it is to be the same again."""
    text = PASTED
    for old, new in (*changes, *(() if again else ((REQUEST_ID, str(uuid4())),))):
        assert old in text
        text = text.replace(old, new)
    environment = {**os.environ, "URL": stack.url(), "KEY": KEYS["gp"]}
    return subprocess.run(["sh", "-c", text], check=True, capture_output=True, env=environment).stdout


async def test_the_pasted_message_and_every_step_beside_it(stack: Stack):
    stack.start("intake")
    first = pasted(stack, again=True)
    assert parsed(first).type == "message"
    ours = request_id(first)
    duplicate = pasted(stack, again=True)
    assert issue(duplicate) == ("duplicate", "REC_CONFLICT")
    assert ours in duplicate.decode()
    assert issue(pasted(stack, ("Low mood", "Very low mood"), again=True)) == ("conflict", "REC_CONFLICT")
    update, named = ('"code": "new"', '"code": "update"'), ('"intent": "plan",', f'"intent": "plan", "id": "{ours}",')
    assert request_id(pasted(stack, update, named, ("routine", "urgent"))) == ours
    stat = pasted(stack, update, ("routine", "stat"))
    assert request_id(stat) == ours
    assert b"999" in stat
    revoked = ('"status": "active"', '"status": "revoked"')
    assert request_id(pasted(stack, update, revoked)) == ours
    assert issue(pasted(stack, revoked))[0] == "invariant"
    without = re.search(r" -H 'X-Request-Id: [0-9a-f-]+'|-H 'X-Request-Id: [0-9a-f-]+' ", PASTED)
    assert without is not None
    assert issue(pasted(stack, (without[0], ""), again=True))[0] == "required"
    shown = await stack.get(f"/bars/ServiceRequest/{ours}", X_Request_Id=str(uuid4()), X_Correlation_Id=str(uuid4()))
    assert parsed(shown.content).id == ours
