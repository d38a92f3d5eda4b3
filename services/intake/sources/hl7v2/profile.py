"""What is agreed with one sender of HL7 v2: how it is known, what it really sends, how it wants to be answered."""

from __future__ import annotations

import codecs
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.intake.sources.paths import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
EVERYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def _codec(name: str) -> str:
    try:
        if codecs.encode("MSH|^~\\&", name) == b"MSH|^~\\&":
            return name
    except LookupError:
        pass
    raise ValueError("not a character set that begins as ASCII")


def _path(path: str) -> str:
    if path not in KINDS:
        raise ValueError("not a field of the contract")
    return path


Codec = Annotated[str, AfterValidator(_codec)]
Path = Annotated[str, AfterValidator(_path)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Hl7(BaseModel):
    """The entry `hl7` of a source.

    It is known by what is told of `port`, `certificate` (SHA-256 of the client's, in hex) or `common_name` (its
    subject's), `application` (MSH-3) and `facility` (MSH-4), all of them together. None of them but a certificate
    proves who sends: without one, `networks` are the addresses it may come from (this machine alone by default).

    `charset` is what it sends whatever MSH-18 says. `answer` is RRI, a plain ACK, or the ACK of the enhanced mode (CA,
    CE, CR); `wrong` answers what is wrong with a message, `not_now` what is not. `processing` are the MSH-11 that are
    taken (by default P, or T and D of a synthetic source).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int | None = Field(None, ge=1, le=65535)
    certificate: Fingerprint | None = None
    common_name: str | None = None
    application: str | None = None
    facility: str | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] | None = None
    charset: Codec | None = None
    answer: Literal["rri", "ack", "commit"] = "rri"
    wrong: Literal["AE", "AR"] = "AE"
    not_now: Literal["AE", "AR"] = "AR"
    warnings: bool = True
    processing: frozenset[Literal["P", "T", "D"]] | None = None
    observations: dict[str, Path] = {}

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if not any((self.port, self.by_certificate, self.application, self.facility)):
            raise ValueError("say how it is known: port, certificate, common_name, application or facility")
        return self

    @property
    def by_certificate(self) -> bool:
        """Whether it proves who it is."""
        return bool(self.certificate or self.common_name)

    @property
    def allowed(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks that it may come from."""
        return self.networks or (EVERYWHERE if self.by_certificate else LOOPBACK)


def takes(profile: Hl7 | None, *, synthetic: bool) -> frozenset[str]:
    """The processing ids that are taken of a source.

    A T or D is never kept as a person's, nor a P as an invented one's, who nobody would help.
    """
    if profile and profile.processing:
        return frozenset(profile.processing)
    return frozenset("TD" if synthetic else "P")


def ambiguous(profiles: Iterable[tuple[str, Hl7]], port: int) -> tuple[str, str] | None:
    """Two sources that one message could come from; `port` is where those come that have no port of their own."""
    seen: list[tuple[str, Hl7]] = []
    for name, profile in profiles:
        for other, known in seen:
            if _may_meet(profile, known, port):
                return other, name
        seen.append((name, profile))
    return None


def _may_meet(one: Hl7, other: Hl7, port: int) -> bool:
    if (one.port or port) != (other.port or port):
        return False
    told = (
        (one.certificate, other.certificate),
        (one.common_name, other.common_name),
        (one.application, other.application),
        (one.facility, other.facility),
    )
    if any(mine and theirs and mine != theirs for mine, theirs in told):
        return False
    return any(a.version == b.version and a.overlaps(b) for a in one.allowed for b in other.allowed)
