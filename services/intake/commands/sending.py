"""Sends portions of a file to intake, and tries again where that may help. What was taken already is answered as a repeat."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.intake.commands.portions import Portion
    from services.intake.sources.csv import Row

_LATER: Final = frozenset((408, 429, 500, 502, 503, 504))
_SECONDS: Final = 60.0  # for an answer
_KINDS: Final = ("emergencies", "rows", "refused")
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)


class Answered(NamedTuple):
    """A row with what intake says of it: an entry of `rows`, of `refused` or of `emergencies` in its report."""

    row: Row
    kind: str
    told: dict[str, Any]


class Sending:
    """One intake, with a key. `patience` are seconds without any row answered before it gives up; `how` a file is written."""

    def __init__(
        self,
        client: httpx.Client,
        source: str | None,
        patience: float,
        how: dict[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._patience, self._how, self._sleep = client, patience, how, sleep
        self._failed, self._since = 0, time.monotonic()
        self._demand(source)

    def _demand(self, source: str | None) -> None:
        """Refuses a key that is another source's than was meant."""
        try:
            answer = self._client.get("/sender")
        except httpx.TransportError as error:
            raise Usage(
                "unreachable", f"no intake answers at {self._client.base_url}: {type(error).__name__}"
            ) from error
        known = answer.json() if answer.status_code == 200 else {}
        if known.get("kind") != "source" or (source and known["id"] != source):
            whose = f"that of {known['id']}" if known else "known to nobody there"
            raise Usage("key", f"this key is {whose}, and not that of the source {source or 'that sends'}")

    def send(self, portion: Portion) -> Iterator[Answered]:
        """Every row of a portion, answered. Rows that find intake busy are sent again."""
        waiting = [portion]
        while waiting:
            one = waiting.pop(0)
            answer = self._post(one)
            if answer is None:
                waiting.insert(0, one)
            elif answer.status_code == 413 and len(one.rows) > 1:
                waiting[:0] = one.halves()
            elif answer.status_code == 413:
                yield Answered(one.rows[0], "refused", answer.json())
            elif "rows" in (report := _json(answer)):
                busy = {row["line"] for row in report["refused"] if row["status"] in _LATER}
                yield from _answered(one, report, busy)
                self._go_on(answer, some=len(busy) < len(one.rows))
                if busy:
                    waiting.insert(0, one.only(busy))
            else:
                raise Usage("not-taken", f"intake answers {answer.status_code}: {_detail(answer)}")

    def _post(self, portion: Portion) -> httpx.Response | None:
        """The answer, or None after a pause where it is worth another try."""
        try:
            answer = self._client.post("/referrals/csv", content=portion.body, params=self._how)
        except httpx.TransportError as error:
            self._wait(None, type(error).__name__)
            return None
        if answer.status_code in _LATER and "rows" not in _json(answer):
            self._wait(answer)
            return None
        return answer

    def _go_on(self, answer: httpx.Response, *, some: bool) -> None:
        """Some rows have their answers, or none."""
        if some:
            self._failed, self._since = 0, time.monotonic()
        else:
            self._wait(answer)

    def _wait(self, answer: httpx.Response | None, why: str = "") -> None:
        if answer is not None and answer.status_code == 429:
            self._sleep(float(answer.headers.get("retry-after", "1")))
            return
        if time.monotonic() - self._since > self._patience:
            said = why or f"it answers {answer.status_code if answer is not None else ''}"
            raise Usage(
                "unreachable",
                f"intake takes nothing ({said}): run this again later, and nothing that was taken is taken twice",
            )
        self._sleep(_PAUSES[min(self._failed, len(_PAUSES) - 1)])
        self._failed += 1


def _answered(portion: Portion, report: dict[str, Any], busy: set[int]) -> Iterator[Answered]:
    """The rows of a report; those that found intake busy are sent again, but whoever must phone hears of it now."""
    lines = portion.by_line()
    for kind in _KINDS:
        for told in report[kind]:
            if kind == "emergencies" or told["line"] not in busy:
                yield Answered(lines[told["line"]], kind, told)


def client_of(url: str, key: str) -> httpx.Client:
    """A client with a key."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=_SECONDS)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _detail(answer: httpx.Response) -> str:
    return str(_json(answer).get("detail", "and says no more"))
