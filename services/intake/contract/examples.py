"""Examples for the documentation: invented people, an NHS number from the range that is kept for tests."""

from __future__ import annotations

from typing import Any, Final

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "minimal": {
        "message_id": "surgery-2026-000417",
        "person": {"name": {"given": "Ada", "family": "Example"}, "born": "1990-05-01"},
        "reason": {"text": "Low for three months, sleeping badly."},
    },
    "full": {
        "message_id": "surgery-2026-000418",
        "referred_at": "2026-11-23T09:30:00Z",
        "person": {
            "nhs_number": "9990000018",
            "name": {"given": "Ben", "family": "Example"},
            "born": "1984-03-17",
            "postcode": "SW9 8AA",
            "ethnic_category": "M",
            "language": "en",
        },
        "contact": {"mobile": "07700 900123", "may_text": "yes", "safe_contact_only": "no"},
        "referrer": {
            "name": "Dr C. Example",
            "role": "general practitioner",
            "organisation": "Y99001",
            "practice": "Y99001",
            "source_of_referral": "A1",
            "urgency": "3",
            "bypass_phone": "020 7946 0000",
        },
        "consent": {"aware": "yes", "agrees": "yes", "share_with_partners": "yes"},
        "reason": {"code": "04", "text": "Depression since redundancy.", "question": "treatment"},
        "presentation": {
            "phq9_items": [2, 2, 2, 1, 1, 2, 1, 1, 0],
            "gad7": 9,
            "main_problem": "mood",
            "function": "some",
            "treatments": [{"kind": "antidepressant", "adequate": "yes", "outcome": "little"}],
        },
        "risk": {
            "life_in_danger": "no",
            "suicidal": "none",
            "self_harm": "none",
            "to_others": "none",
            "from_others": "no",
        },
        "needs": {"interpreter": "no"},
        "social": {"needs": ["work", "debt"], "wants_peer_support": "yes"},
        "attachments": [{"id": "letter-1", "type": "application/pdf", "size": 48213}],
    },
    "amendment": {"message_id": "surgery-2026-000431", "risk": {"suicidal": "ideation", "means": "no"}},
    "cancellation": {"message_id": "surgery-2026-000440", "reason": "person-declined"},
    "accepted": {"kind": "accepted", "by": {"name": "D. Example", "role": "team lead"}},
    "returned": {
        "kind": "returned",
        "by": {"name": "D. Example", "role": "team lead"},
        "reason": "02",
        "onward": "short-term-support",
    },
    "lowered": {
        "kind": "urgency-lowered",
        "by": {"name": "E. Example", "role": "mental health nurse", "registration": "99X9999Z"},
        "reason": "safety-call-made",
        "urgency": "3",
    },
}

CSV_FILE: Final = """\
message_id,person.name.family,person.name.given,person.born,person.postcode,referrer.urgency,reason.code,reason.others[0],presentation.phq9,risk.suicidal
list-7/1,Example,Ada,1990-05-01,SW9 8AA,3,04,05,14,none
list-7/2,Example,Ben,17/03/1984,SW9 8AA,2,05,,,ideation
"""
