"""A BaRS update on a real database: what it does not say stands, and what it takes back is looked at by a person."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from tests.bars import answers, grown, post
from tests.intake import intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database

PDF = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF-1.4 bloods").decode()}
LETTER = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": PDF}]}


def about(body: bytes, **request: Any) -> bytes:
    bundle = orjson.loads(body)
    focus = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ServiceRequest")
    focus.pop("reasonCode", None)
    focus |= {"identifier": [{"system": "https://gp.example/referral", "value": "REF-1"}], "id": None, **request}
    return orjson.dumps(bundle)


async def test_an_update_leaves_the_words_that_alarm_and_takes_back_what_reassured(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        harmless = answers(("risk.to_others", "none"))
        first = about(grown(harmless), reasonCode=[{"text": "Says she wants to end her life, has stockpiled tablets"}])
        gone = harmless | {"status": "entered-in-error"}
        update = about(grown(LETTER, gone, name="update-active.json"), note=[{"text": "Please ring after six"}])
        for body in (first, update):
            assert (await post(desk, body)).status_code == 200
        before, after = (event["referral"] for event in await desk.events())
        assert before["risk_words"] is after["risk_words"] is True
        assert before["risk"]["to_others"] == "none"
        assert "to_others" not in after.get("risk", {})
        assert after["attachments"] == 1
