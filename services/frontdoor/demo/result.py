"""What a demo found, as one value: printed by `report`, or as JSON for a program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.frontdoor.account import Entry
from services.frontdoor.demo.sending import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.frontdoor.account import Account
    from services.frontdoor.demo.figures import Figures
    from services.frontdoor.demo.sending import Sending


@dataclass(frozen=True)
class Report:
    """All that there is to print. What could not be read is None, and `unseen` says why."""

    people: int
    seed: int
    run: str
    sending: Sending
    dirt: Mapping[str, int]
    figures: Figures | None = None
    account: Account | None = None
    explanations: Sequence[str] = ()
    unseen: Sequence[str] = ()

    @property
    def unaccounted(self) -> Sequence[Entry]:
        """By the account; without one, by what intake tells a referral's sender."""
        if self.account:
            return self.account.unaccounted
        why = f"taken, and not decided within {PATIENCE:.0f} s"
        return [Entry(None, UUID(lost), "taken to decided", why, synthetic=True) for lost in self.sending.undecided]

    @property
    def clean(self) -> bool:
        """Whether everything is accounted for and was answered as it must be."""
        through = self.account is None or not self.account.in_flight
        return through and not self.unaccounted and not self.sending.unexpected and not self.sending.undecided


def as_json(report: Report) -> dict[str, Any]:
    """The same for a program."""
    sending, figures, account = report.sending, report.figures, report.account
    document: dict[str, Any] = {
        "seed": report.seed,
        "run": report.run,
        "people": report.people,
        "sent": dict(sending.sent),
        "dirt": dict(report.dirt),
        "emergencies": sending.emergencies,
        "answers": dict(sending.answers),
        "not_as_expected": dict(sending.unexpected),
        "not_shown": list(report.unseen),
        "explanations": list(report.explanations),
    }
    if figures:
        document |= {
            "places": [place._asdict() for place in figures.places],
            "urgency": figures.urgency,
            "statuses": figures.statuses,
            "waiting_at_hub": figures.waiting,
            "accepted_to_audited_ms": {"p50": figures.percentile(0.5), "p99": figures.percentile(0.99)},
        }
    if account:
        document |= account.as_json()
    else:
        document |= {"taken": len(sending.ids), "unaccounted": [entry.as_json() for entry in report.unaccounted]}
    return document


def dumped(report: Report) -> str:
    """The JSON text of `as_json`."""
    return json.dumps(as_json(report), indent=2, ensure_ascii=False)
