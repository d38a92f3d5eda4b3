"""Sends a month over HTTP as its senders would: several systems at once, each in its own order, retrying what may be."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from services.frontdoor.demo.month import Sent
from services.frontdoor.demo.senders import LANES
from services.frontdoor.demo.teams import MOST_ANSWERS, Answer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.frontdoor.demo.month import Message
    from services.frontdoor.demo.progress import Progress

AT_ONCE: Final = 3  # requests in flight per sending system
LOOKS_AT_ONCE: Final = 6  # requests in flight of teams and the hub together
FIRST_LOOK: Final = 0.5  # seconds after something was sent
ATTEMPTS: Final = 6
PATIENCE: Final = 30.0  # seconds for a referral to be decided


class Access(NamedTuple):
    """How the demo reaches a running system: intake's URL, the sources' keys by name, a team's and the hub's key."""

    intake: str
    sources: dict[str, str]
    team: str | None = None
    hub: str | None = None

    def key_of(self, lane: str) -> str:
        """The key that a lane sends with: of the source so named, else of one of those that there are."""
        keys = list(self.sources.values())
        return self.sources.get(lane) or keys[LANES.index(lane) % len(keys)]


@dataclass
class Sending:
    """What was sent and how it was answered; `ids` are the referral ids by place in the month.

    `undecided` are those of them that were only taken still, `PATIENCE` after.
    """

    ids: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    emergencies: int = 0
    undecided: list[str] = field(default_factory=list)
    sources: int = 0
    seconds: float = 0.0


class _Post:
    """Sends messages and answers; `teams` holds a task for each referral that was taken."""

    def __init__(self, client: httpx.AsyncClient, access: Access, seed: str, progress: Progress) -> None:
        self.client, self.access, self.seed, self.progress = client, access, seed, progress
        self.result = Sending(sources=len({access.key_of(lane) for lane in LANES}))
        self.known: dict[str, asyncio.Future[str | None]] = {}
        self.looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def lane(self, messages: Iterator[Message], teams: asyncio.TaskGroup) -> None:
        """Sends one lane's messages in their order; what follows a referral waits for its answer."""
        for message in messages:
            if message.sent is Sent.REFERRAL:
                await self.refer(message, teams)
            elif referral_id := await self.known[message.ref]:
                await self.follow(message, referral_id)
            self.progress.step("sent")

    async def refer(self, message: Message, teams: asyncio.TaskGroup) -> None:
        response = await self.post("/referrals", self.access.key_of(message.lane), message.body)
        self.note(message, response, 202)
        taken = response.json() if response.status_code == 202 else {}
        self.known[message.ref].set_result(taken.get("referral_id"))
        if taken:
            self.result.ids[message.ref] = taken["referral_id"]
            self.result.emergencies += bool(taken.get("emergency"))
            self.result.warnings.update(warning["code"] for warning in taken.get("warnings", ()))
            teams.create_task(self.answer(message, taken["referral_id"]))

    async def follow(self, message: Message, referral_id: str) -> None:
        """A repeat is answered as the first was; a conflict with 409; amendments and cancellations are taken."""
        paths = {
            Sent.AMENDMENT: f"/referrals/{referral_id}/amendments",
            Sent.CANCELLATION: f"/referrals/{referral_id}/cancellations",
        }
        path = paths.get(message.sent, "/referrals")
        response = await self.post(path, self.access.key_of(message.lane), message.body)
        self.note(message, response, 409 if message.sent is Sent.CONFLICT else 202)
        if message.sent is Sent.REPEAT and response.json().get("referral_id") != referral_id:
            self.result.unexpected["a repeat was answered as something new"] += 1

    def note(self, message: Message, response: httpx.Response, expected: int) -> None:
        self.result.sent[message.sent] += 1
        if response.status_code != expected:
            self.result.unexpected[f"{message.sent}: {problem(response)}"] += 1

    async def answer(self, message: Message, referral_id: str) -> None:
        """Answers for receiving teams and the hub, until nobody has anything more to say."""
        rng, seen = Random(f"{self.seed}/answers/{message.ref}"), 0
        for turn in range(MOST_ANSWERS):
            standing = await self.standing(message, referral_id, seen)
            if standing is None:
                self.result.undecided += [referral_id] if turn == 0 else []
                break
            self.result.statuses[referral_id] = standing
            reply = answer(rng, standing)
            if reply is None or not await self.replied(referral_id, turn, reply):
                break
            seen = len(standing["history"])
        self.progress.step("answered")

    async def replied(self, referral_id: str, turn: int, reply: Answer) -> bool:
        """Whether the answer was given and taken."""
        key = self.access.hub if reply.hub else self.access.team
        if key is None:
            return False
        body = reply.body | {"message_id": f"{referral_id}-{turn}"}
        async with self.looks:
            response = await self.post(f"/referrals/{referral_id}/outcomes", key, body)
        if response.status_code == 202:
            self.result.answers[reply.body["kind"]] += 1
        elif response.status_code not in {403, 404, 409}:  # it may have moved on since we looked
            self.result.unexpected[f"{reply.body['kind']}: {problem(response)}"] += 1
        return response.status_code == 202

    async def standing(self, message: Message, referral_id: str, seen: int) -> dict[str, Any] | None:
        """Where the referral stands once more was decided than was `seen`; None if that takes too long."""
        deadline, pause = time.monotonic() + PATIENCE, FIRST_LOOK
        while time.monotonic() < deadline:
            await asyncio.sleep(pause)
            async with self.looks:
                response = await self.call("GET", f"/referrals/{referral_id}", self.access.key_of(message.lane))
            standing: dict[str, Any] = response.json() if response.status_code == 200 else {}
            if standing and standing["status"] != "taken" and len(standing["history"]) > seen:
                return standing
            pause *= 1.5
        return None

    async def post(self, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        return await self.call("POST", path, key, body)

    async def call(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One request; tried again while the system is busy or away, as a sender should."""
        headers = {"Authorization": f"Bearer {key}"}
        for attempt in range(ATTEMPTS):
            try:
                response = await self.client.request(method, path, json=body, headers=headers)
                if response.status_code not in {429, 502, 503, 504} or attempt == ATTEMPTS - 1:
                    return response
                wait = response.headers.get("retry-after", "")
                pause = float(wait) if wait.isdigit() else 0.2 * 2**attempt
            except httpx.TransportError:
                if attempt == ATTEMPTS - 1:
                    raise
                pause = 0.2 * 2**attempt
            await asyncio.sleep(pause)
        raise AssertionError


def problem(response: httpx.Response) -> str:
    """A problem answer in short: its status and code."""
    try:
        return f"{response.status_code} {response.json().get('code', '')}".strip()
    except ValueError:
        return str(response.status_code)


async def send(messages: Sequence[Message], access: Access, seed: str, progress: Progress) -> Sending:
    """Sends every message and answers for the teams; returns when the last answer was given."""
    lanes = [iter([message for message in messages if message.lane == lane]) for lane in LANES]
    connections = AT_ONCE * len(LANES) + LOOKS_AT_ONCE
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(base_url=access.intake, timeout=30, limits=limits) as client:
        post, started = _Post(client, access, seed, progress), time.monotonic()
        post.known = {message.ref: asyncio.get_running_loop().create_future() for message in messages}
        async with asyncio.TaskGroup() as teams:
            async with asyncio.TaskGroup() as senders:
                for lane in lanes * AT_ONCE:
                    senders.create_task(post.lane(lane, teams))
            post.result.seconds = time.monotonic() - started
    return post.result
