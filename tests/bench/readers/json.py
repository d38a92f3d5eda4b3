"""Our own form against orjson: what it costs to refuse a key given twice, and to read every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from services.intake.contract.reading import read
from services.intake.sources.json import told

if TYPE_CHECKING:
    from collections.abc import Callable

REFERRALS = [
    orjson.dumps(
        {
            "person": {
                "name": {"given": "Ada", "family": f"Example {number}"},
                "born": "1984-03-17",
                "postcode": "SW9 8AA",
            },
            "referrer": {"organisation": "G85001", "urgency": "3", "role": "GP"},
            "reason": {"code": "04", "text": "Low mood since the spring, sleeps badly, still at work."},
            "presentation": {"phq9": 12, "gad7": 9, "function": "some"},
            "risk": {"suicidal": "none", "self_harm": "none"},
        }
    )
    for number in range(20)
]


def pairs() -> list[tuple[str, Callable[[], Any], Callable[[], Any], float]]:
    """The parse alone, and the whole reading."""
    return [
        ("parse, against orjson.loads", lambda: [told(body) for body in REFERRALS], _bare, 0.05),
        (
            "parse and read, against orjson.loads",
            lambda: [read(told(body).document) for body in REFERRALS],
            _bare,
            0.01,
        ),
    ]


def _bare() -> list[Any]:
    return [orjson.loads(body) for body in REFERRALS]
