"""Who calls: by port, certificate, MSH-3 and MSH-4, as each source's `hl7` says; and the TLS that proves it."""

from __future__ import annotations

import hashlib
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from services.intake.sources.hl7v2.profile import Hl7, ambiguous
from shared.errors import Usage

if TYPE_CHECKING:
    from asyncio import StreamWriter
    from collections.abc import Iterable

    from services.intake.senders import Source
    from services.intake.settings import IntakeSettings
    from services.intake.sources.hl7v2.message import Header

Address = IPv4Address | IPv6Address


class Caller(NamedTuple):
    """The other end of a connection: our port that it came to, its address, its certificate's fingerprint and name."""

    port: int
    address: Address
    certificate: str | None = None
    common_name: str | None = None


def caller(writer: StreamWriter) -> Caller:
    """Who is at the other end."""
    address = ip_address(writer.get_extra_info("peername")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    port = writer.get_extra_info("sockname")[1]
    secured = writer.get_extra_info("ssl_object")
    if secured is None or (binary := secured.getpeercert(binary_form=True)) is None:
        return Caller(port, address)
    return Caller(port, address, hashlib.sha256(binary).hexdigest(), _subject(secured.getpeercert()))


def known(sources: Iterable[Source], caller: Caller, header: Header, port: int) -> Source | None:
    """The one source that a message can be from; `port` is that of sources without their own."""
    fitting = [source for source in sources if source.hl7 and _fits(source.hl7, caller, header, port)]
    return fitting[0] if len(fitting) == 1 else None


def may_send(sources: Iterable[Source], caller: Caller, port: int) -> bool:
    """Whether any source could come from there at all: by our port and its address, with a certificate where it has one."""
    return any(
        _reaches(source.hl7, caller, port) and (caller.certificate is not None or not source.hl7.by_certificate)
        for source in sources
        if source.hl7
    )


def check(sources: Iterable[Source], settings: IntakeSettings) -> tuple[Source, ...]:
    """The sources that speak HL7 v2. `Usage` where a message could be from two of them, or none could prove itself."""
    speaking = [(source, source.hl7) for source in sources if source.hl7]
    if pair := ambiguous(((source.id, profile) for source, profile in speaking), settings.mllp_port):
        cure = "give each a port, certificate, application or facility of its own"
        raise Usage("senders", f"{settings.sources}: a message could be from {pair[0]} or {pair[1]}: {cure}")
    unproved = [source.id for source, profile in speaking if profile.by_certificate and not settings.mllp_client_ca]
    if unproved:
        raise Usage("senders", f"{settings.sources}: {unproved[0]} has a certificate: set FRONTDOOR_MLLP_CLIENT_CA")
    return tuple(source for source, _ in speaking)


def ports(sources: Iterable[Source], port: int) -> list[int]:
    """Every port that some source comes to."""
    return sorted({source.hl7.port or port for source in sources if source.hl7})


def tls(settings: IntakeSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer by the settings; None without a certificate. `Usage` where a file cannot be read."""
    if settings.mllp_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.mllp_certificate, settings.mllp_key)
        if settings.mllp_client_ca is not None:
            context.load_verify_locations(settings.mllp_client_ca)
            required = settings.mllp_client_certificate == "required"
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    except OSError as error:  # ssl.SSLError is one
        raise Usage("tls", f"the files of FRONTDOOR_MLLP_* cannot be used: {type(error).__name__}") from error
    return context


def _fits(profile: Hl7, caller: Caller, header: Header, port: int) -> bool:
    told = (
        (profile.certificate, caller.certificate),
        (profile.common_name, caller.common_name),
        (profile.application, header.application),
        (profile.facility, header.facility),
    )
    return _reaches(profile, caller, port) and all(theirs == agreed for agreed, theirs in told if agreed)


def _reaches(profile: Hl7, caller: Caller, port: int) -> bool:
    return (profile.port or port) == caller.port and any(caller.address in network for network in profile.allowed)


def _subject(certificate: Any) -> str | None:
    names = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
    return names[0] if names else None
