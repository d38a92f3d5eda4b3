"""Settings that every service has, from the environment (12-factor): FRONTDOOR_* and `.env`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Usage

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX: Final = "FRONTDOOR_"


class Settings(BaseSettings):
    """Settings from the environment. `Usage` names each that is wrong; its value is never shown: it may be a secret.

    An empty one is as if it were not set: the default, or missing.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,  # as compose and systemd pass on what nobody filled in
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            wrong = (self._missing(fault["loc"]) if fault["type"] == "missing" else _fault(fault) for fault in faults)
            raise Usage("settings", "; ".join(wrong)) from None

    @classmethod
    def _missing(cls, place: tuple[int | str, ...]) -> str:
        """What a setting is for, to somebody who has not set it."""
        return f"{PREFIX}{str(place[0]).upper()} is not set: {cls.model_fields[str(place[0])].description}"


def _fault(fault: ErrorDetails) -> str:
    return ": ".join((*_variable(fault["loc"]), fault["msg"])).replace("Value error, ", "")


def _variable(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The variable that a fault is about; none where it is about several (its text names them)."""
    return (PREFIX + str(place[0]).upper(),) if place else ()


class ServiceSettings(Settings):
    """Times are in seconds unless the name says otherwise."""

    postgres_dsn: str = Field(description="postgresql:// of this service's own role")
    postgres_pool: int = Field(10, ge=2, description="most connections to PostgreSQL")

    kafka: str = Field("localhost:9092", description="bootstrap servers, comma separated")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; in production the last"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="for SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_username: str | None = Field(None, description="for SASL: this service's own user")
    kafka_password: SecretStr | None = Field(None, description="for SASL")
    kafka_ca_file: str | None = Field(None, description="for SSL: PEM of who signs the brokers (default: the system's)")
    kafka_send_timeout: float = Field(30, gt=0, description="deadline of one produce")
    kafka_stop_timeout: float = Field(10, gt=0, description="deadline of a client's stop")
    partitions: int = Field(12, ge=1, description="of every referral topic")
    topic_generation: int = Field(1, ge=1, description="raised when a topic was made anew")
    stream: str | None = Field(None, description="audit stream; default: the Kafka cluster's id")

    instance: str = Field(default_factory=socket.gethostname, description="static member id is <group>-<instance>")
    batch_records: int = Field(500, ge=1, description="most records that are handled, or published, at once")
    session_timeout: float = Field(45, gt=0, description="a member that Kafka has not heard of for so long is replaced")
    max_poll_interval: float = Field(3600, gt=0, description="long: a handler may wait out an outage")

    host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104  (a container is reached from outside)
    port: int = Field(0, ge=0, le=65535, description="of its HTTP, /live, /ready and /metrics among it")
    max_tick_age: float = Field(
        240,
        gt=0,
        description="a loop that has not turned for so long hangs: /live fails, and the service ends to be started anew",
    )
    stop_timeout: float = Field(25, gt=0, description="a clean stop takes no longer than this")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="json, console, or auto: console on a terminal"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error: the least that is logged"
    )

    @model_validator(mode="after")
    def _a_batch_at_its_limits_is_not_hung(self) -> Self:
        """A batch publishes twice at most (dead letters, outputs), and has statements before, between and after."""
        longest = 2 * (self.kafka_send_timeout + self.kafka_stop_timeout)
        if self.max_tick_age <= longest:
            raise ValueError(f"{PREFIX}MAX_TICK_AGE must be over {longest:g}: two produces and their clients' stops")
        return self
