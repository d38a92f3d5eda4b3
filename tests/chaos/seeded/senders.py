"""GP systems and teams while all that goes on: each sends until it has a yes, and writes down every yes it saw."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

import httpx

from tests.chaos.seeded.standards import by_bars, by_hl7
from tests.stack import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.stack import Stack

MARK: Final = "Zzmarkedname"  # nobody is called so: where it shows outside intake's tables, identity leaked
PHONE: Final = "020 7946 0999"  # of the range that is nobody's
URLS: Final = ("intake", "intake-2")
PAUSE: Final = 0.1  # seconds between two messages of one sender


class Yes(NamedTuple):
    """An answer that a sender relies on."""

    kind: str
    referral_id: str
    message_id: str
    answer: dict[str, Any]


class Senders:
    """So many senders at once, on both instances of intake; `mllp` are the ports of these."""

    def __init__(self, stack: Stack, seed: int, mllp: Iterable[int], count: int = 4) -> None:
        self._stack, self._seed, self._count = stack, seed, count
        self.yeses: list[Yes] = []
        self.sent: list[tuple[str, str]] = []  # the referral (or the message, of one that is new) and the kind
        self.wrong: list[str] = []
        self._mllp = dict(zip(URLS, mllp, strict=True))
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Sends until `stop` is set; a message begun is sent until it has its yes."""
        async with httpx.AsyncClient(timeout=30, verify=False) as client:  # noqa: S501  (plain HTTP on this machine)
            await asyncio.gather(*(self._sender(client, Random(f"{self._seed} {n}")) for n in range(self._count)))

    @property
    def referrals(self) -> list[str]:
        """Every referral that somebody has a yes for."""
        return [yes.referral_id for yes in self.yeses if yes.kind == "received"]

    async def _sender(self, client: httpx.AsyncClient, rng: Random) -> None:
        mine: list[Yes] = []
        while not self.stop.is_set():
            roll = rng.random()
            if not mine or roll < 0.4:
                mine.append(await self._refer(client, rng))
            elif roll < 0.6:
                await self._refer_otherwise(client, rng)
            elif roll < 0.7:
                await self._repeat(client, rng, rng.choice(mine))
            elif roll < 0.85:
                await self._follow(client, rng, rng.choice(mine), "amended")
            elif roll < 0.9:
                await self._follow(client, rng, rng.choice(mine), "cancelled")
            else:
                await self._answer(client, rng, rng.choice(mine))
            await asyncio.sleep(PAUSE)

    async def _refer_otherwise(self, client: httpx.AsyncClient, rng: Random) -> None:
        """By BaRS or HL7 v2, as often as it takes."""
        message_id, family, speaks_bars = _an_id(rng), f"{MARK} {rng.randrange(10**6)}", rng.random() < 0.5
        self.sent.append((message_id, "received"))
        while True:
            name = rng.choice(URLS)
            try:
                if speaks_bars:
                    referral_id = await by_bars(client, self._stack.url(name), message_id, family)
                else:
                    referral_id = await by_hl7(self._mllp[name], message_id, family)
            except httpx.TransportError:
                referral_id = None
            if referral_id:
                self._note("received", message_id, {"referral_id": referral_id})
                return
            await asyncio.sleep(PAUSE)

    async def _refer(self, client: httpx.AsyncClient, rng: Random) -> Yes:
        message_id = _an_id(rng)
        self.sent.append((message_id, "received"))
        answer = await self._until_yes(client, rng, "/referrals", _body(message_id), "gp")
        return self._note("received", message_id, answer)

    async def _repeat(self, client: httpx.AsyncClient, rng: Random, yes: Yes) -> None:
        """The same message again, whose answer was lost somewhere: the same yes."""
        answer = await self._until_yes(client, rng, "/referrals", _body(yes.message_id), "gp")
        if answer != yes.answer:
            self.wrong.append(f"a repeat of {yes.message_id} was answered otherwise")

    async def _follow(self, client: httpx.AsyncClient, rng: Random, yes: Yes, kind: str) -> None:
        message_id = _an_id(rng)
        bodies: dict[str, dict[str, Any]] = {
            "amended": {"presentation": {"phq9": rng.randrange(28)}, "reason": {"text": f"{MARK} is worse"}},
            "cancelled": {"reason": "person-declined"},
        }
        where = {"amended": "amendments", "cancelled": "cancellations"}[kind]
        self.sent.append((yes.referral_id, kind))
        path = f"/referrals/{yes.referral_id}/{where}"
        answer = await self._until_yes(client, rng, path, bodies[kind] | {"message_id": message_id}, "gp")
        self._note(kind, message_id, answer)

    async def _answer(self, client: httpx.AsyncClient, rng: Random, yes: Yes) -> None:
        """A team answers, if the referral has come to it by now."""
        message_id = _an_id(rng)
        body = {"kind": "accepted", "by": {"name": "E. Example", "role": "nurse"}, "message_id": message_id}
        path = f"/referrals/{yes.referral_id}/outcomes"
        self.sent.append((yes.referral_id, "accepted"))
        if answer := await self._until_yes(client, rng, path, body, "team", also=frozenset((403, 404))):
            self._note("accepted", message_id, answer)

    def _note(self, kind: str, message_id: str, answer: dict[str, Any]) -> Yes:
        yes = Yes(kind, answer.get("referral_id", ""), message_id, answer)
        self.yeses.append(yes)
        return yes

    async def _until_yes(
        self, client: httpx.AsyncClient, rng: Random, path: str, body: Any, key: str, also: frozenset[int] = frozenset()
    ) -> dict[str, Any]:
        """The yes; {} for an answer of `also`. Whatever else comes is tried again, at the other instance perhaps."""
        headers = {"Authorization": f"Bearer {KEYS[key]}"}
        while True:
            try:
                url = self._stack.url(rng.choice(URLS)) + path
                answer = await client.post(url, json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE)
                continue
            if answer.status_code == 202:
                return dict(answer.json())
            if answer.status_code in also:
                return {}
            if answer.status_code not in {429, 503}:
                self.wrong.append(f"{path.rpartition('/')[2]} was answered {answer.status_code}: {answer.text[:300]}")
            await asyncio.sleep(PAUSE)


def _an_id(rng: Random) -> str:
    return str(UUID(bytes=rng.randbytes(16), version=4))


def _body(message_id: str) -> dict[str, Any]:
    """A referral that its message id determines, so that a repeat can be made from that."""
    rng = Random(message_id)
    return {
        "message_id": message_id,
        "person": {
            "name": {"given": "Ada", "family": f"{MARK} {message_id[:8]}"},
            "born": "1986-05-04",
            "postcode": "SW9 8JX",
        },
        "contact": {"phone": PHONE},
        "reason": {"code": "04", "text": f"{MARK} is low"},
        "presentation": {"phq9": rng.randrange(28), "phq9_item9": 0},
        "risk": {
            "life_in_danger": "no",
            "suicidal": rng.choice(["none", "none", "ideation", "plan"]),
            "self_harm": "none",
            "to_others": "none",
        },
    }
