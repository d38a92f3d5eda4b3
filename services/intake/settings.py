"""Intake's settings: FRONTDOOR_* in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from services.intake.sources.forms import FORMS
from services.intake.sources.mesh import MailboxId
from shared.fuse import FuseSettings
from shared.settings import PREFIX, Settings

_DEPLOY: Final = Path(__file__).parents[2] / "deploy"

SILENT: Final = 90.0  # seconds; `idle_session_timeout` of frontdoor_intake


class IntakeSettings(FuseSettings):
    """Times are in seconds."""

    port: int = Field(8080, ge=0, le=65535)
    sources: Path = Field(_DEPLOY / "sources.yaml", description="who may refer")
    teams: Path = Field(_DEPLOY / "teams.yaml", description="who receives")
    localities: Path = Field(_DEPLOY / "localities.yaml", description="the places that are served; as triage has it")
    screen: Path = Field(_DEPLOY / "screen.yaml", description="the words of the escalate-only screen")
    deprivation: Path | None = Field(None, description="CSV `postcode,quintile`; without it no quintile travels")
    person_secret: SecretStr = Field(min_length=16, description="of the keys that link a person's referrals")
    phone_now: str = Field(
        "This may be an emergency: phone now, do not wait for an answer here. Dial 999 if life is in danger; "
        "else phone the local crisis line (NHS 111, mental health option) and say that this referral was sent.",
        description="what the answer to an emergency says",
    )
    max_body: int = Field(1_048_576, ge=1024, description="bytes; attachments come as references")
    csv_rows: int = Field(500, ge=1, description="most rows of one request; `frontdoor import` sends portions")
    body_timeout: float = Field(20, gt=0, description="for a request's body to arrive")
    bars_max_body: int = Field(
        16 * 1024 * 1024, ge=1024, description="bytes of a BaRS message, attachments inside it included"
    )
    bodies_in_flight: int = Field(
        64 * 1024 * 1024,
        ge=2048,
        description="bytes of all bodies that are being taken over HTTP, of one sender at most half; what is more is told 503, try again",
    )
    reply_poll: float = Field(1, gt=0, description="how often replies that are due are looked for")
    reply_for: float = Field(259_200, gt=0, description="a reply that nobody took for so long is given up, and shown")
    mllp_port: int = Field(2575, ge=1, le=65535, description="of HL7 v2; open where a source has an entry `hl7`")
    mllp_certificate: Path | None = Field(None, description="PEM; with it HL7 v2 comes over TLS alone")
    mllp_key: Path | None = Field(None, description="PEM of the certificate's key")
    mllp_client_ca: Path | None = Field(None, description="PEM of who signs the senders' certificates")
    mllp_client_certificate: Literal["optional", "required"] = Field(
        "required", description="where there is a client CA"
    )
    mllp_max_message: int = Field(16_777_216, ge=1024, description="bytes; a longer one is answered AR")
    mllp_connections: int = Field(1000, ge=1, description="more are closed at once, and of one address more than half")
    mllp_first_byte: float = Field(30, gt=0, description="for a new connection's first byte to arrive")
    mllp_idle: float = Field(300, gt=0, description="for the next message to have arrived")
    relay_poll: float = Field(0.1, gt=0, description="how often the outbox is looked at, besides when woken")
    mesh_url: str | None = Field(None, description="where MESH is; without it no mailbox is polled")

    @model_validator(mode="after")
    def _a_certificate_has_its_key(self) -> Self:
        if bool(self.mllp_certificate) != bool(self.mllp_key) or (self.mllp_client_ca and not self.mllp_key):
            raise ValueError(f"{PREFIX}MLLP_CERTIFICATE and {PREFIX}MLLP_KEY go together, and before MLLP_CLIENT_CA")
        return self

    @model_validator(mode="after")
    def _the_longest_body_has_room(self) -> Self:
        """One sender may hold half of the room: what is longer would be told to try again for ever."""
        if self.bodies_in_flight < 2 * max(self.max_body, self.bars_max_body):
            raise ValueError(
                f"{PREFIX}BODIES_IN_FLIGHT must be at least twice {PREFIX}MAX_BODY and {PREFIX}BARS_MAX_BODY"
            )
        return self

    @model_validator(mode="after")
    def _a_relay_at_its_limits_keeps_its_session(self) -> Self:
        """PostgreSQL ends a silent session of intake's (deploy/postgres/roles.sql): a relay at work must not be one."""
        longest = 2 * (self.kafka_send_timeout + self.kafka_stop_timeout)
        if longest >= SILENT:
            names = f"{PREFIX}KAFKA_SEND_TIMEOUT and {PREFIX}KAFKA_STOP_TIMEOUT"
            raise ValueError(f"{names} must be under {SILENT / 2:g} together: the relay's session ends in {SILENT:g} s")
        return self

    @model_validator(mode="after")
    def _two_hold_a_connection(self) -> Self:
        """The relay and who polls the mailbox keep one each; what is taken needs another."""
        if self.mesh_url and self.postgres_pool < 3:
            raise ValueError(f"{PREFIX}POSTGRES_POOL must be 3 or more where a MESH mailbox is polled")
        return self


def _workflows(told: Any) -> Any:
    """`ID=form ID=form`, each form one that there is."""
    if not isinstance(told, str):
        return told
    pairs = [pair.rpartition("=") for pair in told.split()]
    for workflow, _, form in pairs:
        if not workflow or form not in FORMS:
            raise ValueError(
                f"{workflow or form}: it needs WORKFLOW_ID=FORM, the form one of {', '.join(sorted(FORMS))}"
            )
    return {workflow: form for workflow, _, form in pairs}


Workflows = Annotated[dict[str, str], NoDecode, BeforeValidator(_workflows)]


class MeshSettings(Settings):
    """Of the MESH mailbox. Times are in seconds: what is done between two words with PostgreSQL is shorter than `SILENT`."""

    mesh_url: str = Field(description="https:// of the MESH environment")
    mesh_mailbox: MailboxId = Field(description="our mailbox's id")
    mesh_password: SecretStr = Field(min_length=1, description="our mailbox's password")
    mesh_shared_key: SecretStr = Field(min_length=1, description="the shared key of the MESH environment")
    mesh_cert_file: Path | None = Field(None, description="PEM of our client certificate")
    mesh_key_file: Path | None = Field(None, description="PEM of its key")
    mesh_ca_file: Path | None = Field(
        None, description="PEM of who signs MESH (default: as the NHS's client knows the URL)"
    )
    mesh_workflows: Workflows = Field(
        min_length=1, description="what comes in which form: `WORKFLOW_ID=json OTHER_ID=hl7v2`"
    )
    mesh_answers: str = Field(min_length=1, description="the workflow id under which senders are answered")
    mesh_poll: float = Field(60, gt=0, description="between two looks into a mailbox that was empty")
    mesh_max_body: int = Field(16_777_216, ge=1024, description="bytes of one message, also unpacked")
    mesh_timeout: float = Field(20, gt=0, le=20, description="for MESH to go on; a whole message gets twice that")

    @model_validator(mode="after")
    def _nothing_goes_in_the_open(self) -> Self:
        url = urlsplit(self.mesh_url)
        if url.scheme != "https" and (url.scheme, url.hostname) != ("http", "127.0.0.1"):
            raise ValueError(f"{PREFIX}MESH_URL must be https:// (or http://127.0.0.1, to try it out)")
        if (self.mesh_cert_file is None) != (self.mesh_key_file is None):
            raise ValueError(f"{PREFIX}MESH_CERT_FILE and {PREFIX}MESH_KEY_FILE go together")
        return self

    @model_validator(mode="after")
    def _answers_are_not_read_as_referrals(self) -> Self:
        if self.mesh_answers in self.mesh_workflows:
            raise ValueError(f"{PREFIX}MESH_ANSWERS must not be among {PREFIX}MESH_WORKFLOWS")
        return self
