"""Who may speak to intake: sources (GP systems) and teams, from config. Keys are kept as SHA-256, two live at once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations at run time)
from pathlib import Path  # noqa: TC003  (the same)
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.intake.sources.bars.profile import Bars
from services.intake.sources.hl7v2.profile import Hl7
from services.intake.sources.mesh import Mesh
from shared.errors import Usage

KeyHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Section = Literal["person", "contact", "referrer", "consent", "reason", "presentation", "perinatal", "risk", "needs"]
Act = Literal["refer", "amend", "cancel"]


class Sender(BaseModel):
    """What sources and teams have in common. A live sender and a synthetic one never see each other's referrals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    keys: tuple[KeyHash, ...] = Field(min_length=1, max_length=2)
    locality: str | None = None
    synthetic: bool = False
    rate_per_minute: int = Field(600, ge=1)


_S = TypeVar("_S", bound=Sender)


class Source(Sender):
    """A system that refers. Without a locality it is found by the person's practice or postcode.

    `hl7` says how it speaks HL7 v2, if it does. `rows_per_minute` is for files of many referrals; left out, it is
    `rate_per_minute`.
    """

    may: frozenset[Act] = frozenset(("refer", "amend", "cancel"))
    bars: Bars | None = Field(None, exclude=True)  # the operator's affair, not told by GET /sender
    hl7: Hl7 | None = None
    mesh: Mesh | None = Field(None, exclude=True)  # the operator's affair, not told by GET /sender
    rows_per_minute: int | None = Field(None, ge=1)

    @property
    def account(self) -> str:
        """The name under which its message ids count."""
        return self.id


class Team(Sender):
    """A team that receives. It stands for `destinations`; the hub's people see all of their locality.

    `sees` are the sections of a record that it is shown (each team sees the least it needs).
    """

    destinations: frozenset[str] = Field(min_length=1)
    hub: bool = False
    sees: frozenset[Section | Literal["social", "attachments"]] | None = None

    @property
    def account(self) -> str:
        """The name under which its message ids count; never that of a source."""
        return f"team/{self.id}"


class Senders(NamedTuple):
    """All of them, and what the config says of the destinations that exist."""

    sources: tuple[Source, ...]
    teams: tuple[Team, ...]

    def who(self, authorization: str | None) -> Source | Team | None:
        """Whose key an Authorization header holds. Every key is compared, each in constant time."""
        scheme, _, key = (authorization or "").partition(" ")
        digest = hashlib.sha256(key.strip().encode()).hexdigest()
        found: Source | Team | None = None
        everyone: tuple[Source | Team, ...] = (*self.sources, *self.teams)
        for sender in everyone:
            for known in sender.keys:
                if hmac.compare_digest(known, digest):
                    found = sender
        return found if scheme.casefold() == "bearer" else None

    def sends_from(self, mailbox: str) -> Source | None:
        """The source that a MESH mailbox stands for."""
        return next((one for one in self.sources if one.mesh and mailbox.upper() in one.mesh.mailboxes), None)

    @property
    def destinations(self) -> frozenset[str]:
        """Every destination that some team stands for."""
        return frozenset().union(*(team.destinations for team in self.teams))

    def receives(self, destination: str, locality: str) -> bool:
        """Whether a live team stands for a destination there; a synthetic one sees no live referral."""
        here = (team for team in self.teams if not team.synthetic and team.locality in {None, locality})
        return any(destination in team.destinations for team in here)


def read_senders(sources: Path, teams: Path, localities: Mapping[str, Any]) -> Senders:
    """Reads both files; `Usage` says which file and place is wrong, never a key."""
    those, these = read_sources(sources, localities), _placed(teams, "teams", Team, localities)
    keys = [key for sender in (*those, *these) for key in sender.keys]
    if len(set(keys)) != len(keys):
        raise Usage("senders", f"{sources} and {teams}: the same key stands for two senders")
    mailboxes = [mailbox for source in those if source.mesh for mailbox in source.mesh.mailboxes]
    if len(set(mailboxes)) != len(mailboxes):
        raise Usage("senders", f"{sources}: the same MESH mailbox stands for two sources")
    return Senders(those, these)


def read_sources(file: Path, localities: Mapping[str, Any]) -> tuple[Source, ...]:
    """Who may refer; `Usage` as for both files."""
    return _placed(file, "sources", Source, localities)


def _placed(file: Path, what: str, model: type[_S], localities: Mapping[str, Any]) -> tuple[_S, ...]:
    senders = _read(file, what, model)
    for sender in senders:
        if sender.locality is not None and sender.locality not in localities:
            raise Usage("senders", f"{file}: {sender.id}: locality {sender.locality} is not in the localities file")
    return senders


def _read(file: Path, what: str, model: type[_S]) -> tuple[_S, ...]:
    try:
        raw = yaml.safe_load(file.read_text())[what]
        return tuple(_sender(file, model, key, entry) for key, entry in raw.items())
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError) as error:
        raise Usage("senders", f"{file} cannot be read as `{what}:`: {type(error).__name__}") from error


def _sender(file: Path, model: type[_S], key: str, entry: dict[str, Any]) -> _S:
    try:
        return model.model_validate({"id": key, **entry})
    except ValidationError as error:
        places = "; ".join(".".join(map(str, (key, *e["loc"]))) + ": " + e["type"] for e in error.errors())
        raise Usage("senders", f"{file}: {places}") from error
