"""GP systems that speak BaRS and HL7 v2: one try to have a referral taken, which says its id or nothing."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.bars import MEDIA, OPERATION, Ids, changed, issue, request_id
from tests.mllp import Line, a_message
from tests.stack import KEYS

if TYPE_CHECKING:
    import httpx

    from tests.stack import Stack

FACILITY: Final = "G85001"
ANSWER_SECONDS: Final = 30


def let_gp_speak_hl7(stack: Stack) -> None:
    """Gives the source `gp` a profile of HL7 v2, before intake starts."""
    file = stack.config / "sources.yaml"
    document: Any = yaml.safe_load(file.read_text())
    document["sources"]["gp"]["hl7"] = {"facility": FACILITY}
    file.write_text(yaml.safe_dump(document))


async def by_bars(client: httpx.AsyncClient, url: str, message_id: str, family: str) -> str | None:
    """Posts a Bundle; a duplicate is a yes too, whose first answer was lost."""
    body = changed(
        "new-referral.json",
        ServiceRequest={"identifier": [{"system": "https://gp.example/referral", "value": message_id}]},
        Patient={"name": [{"family": family, "given": ["Ada"]}]},
    )
    headers = {"Authorization": f"Bearer {KEYS['gp']}", "Content-Type": MEDIA, **Ids(message_id, message_id).headers()}
    answer = await client.post(url + OPERATION, content=body, headers=headers)
    if answer.status_code == 200:
        return request_id(answer.content)
    return _named(answer) if answer.status_code == 409 and issue(answer.content)[0] == "duplicate" else None


async def by_hl7(port: int, message_id: str, family: str) -> str | None:
    """Sends a REF^I12; AA is a yes, also of a repeat."""
    whole = a_message(control=message_id[:20], name=f"{message_id}^EMIS", facility=FACILITY)
    message = whole.replace(b"Example^Ada", f"{family}^Ada".encode())
    try:
        async with Line.open(port) as line:
            answer = await asyncio.wait_for(line.ask(message), ANSWER_SECONDS)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None
    return answer.referral_id if answer.code == "AA" else None


def _named(answer: httpx.Response) -> str:
    """The referral that the first message became, as the answer to a duplicate says it."""
    found = re.search(r"reference id: ([0-9a-f-]{36})", answer.text)
    assert found, f"a duplicate was answered without its referral: {answer.text}"
    return found[1]
