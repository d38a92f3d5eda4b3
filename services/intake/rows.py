"""The answer to a file of rows: one report, in which each row is taken or refused by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from services.intake.problems import Refused
    from services.intake.sources.csv import Row

_BUSY: Final = frozenset((500, 503))


@dataclass(slots=True)
class Report:
    """What became of the rows, by their lines; those that may be emergencies stand first."""

    unknown: list[int]
    taken: int = 0
    repeated: int = 0
    emergencies: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: Row, answer: bytes, *, repeat: bool) -> None:
        """Adds a row with its answer, as it is kept."""
        told = orjson.loads(answer)
        self.taken, self.repeated = self.taken + (not repeat), self.repeated + repeat
        told_of = {"referral_id": told["referral_id"], "repeat": repeat, "warnings": told["warnings"]}
        self.rows.append({"line": row.line, **told_of})
        self._emergency(row, told, told["referral_id"])

    def refuse(self, row: Row, refused: Refused) -> None:
        """Adds a row with why it is not taken."""
        told = refused.as_json()
        whole = {name: told[name] for name in ("status", "code", "detail", "errors")}
        self.refused.append({"line": row.line, **whole})
        self._emergency(row, refused.members, None)

    def _emergency(self, row: Row, members: dict[str, Any], referral_id: str | None) -> None:
        if members.get("emergency"):
            told = {"line": row.line, "referral_id": referral_id, "phone_now": members["phone_now"]}
            self.emergencies.append(told)

    @property
    def status(self) -> int:
        """The answer to the worst row."""
        return 503 if any(row["status"] in _BUSY for row in self.refused) else 422 if self.refused else 202

    def as_json(self) -> dict[str, Any]:
        """The report; where not all was taken, with the code of a problem."""
        codes = {503: "busy", 422: "rows-refused"}
        code = {"code": codes[self.status]} if self.status in codes else {}
        return {
            **code,
            "emergencies": self.emergencies,
            "taken": self.taken,
            "repeated": self.repeated,
            "refused": self.refused,
            "unknown_columns": self.unknown,
            "rows": self.rows,
        }
