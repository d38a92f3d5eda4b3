"""One log pipeline for all services: JSON lines, or a console renderer on a terminal.

Event names are constant; fields come from the closed list `LOGGABLE`, so nothing personal can reach a log by a slip:
a field outside the list is dropped and its name is reported under `dropped` instead.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

LOGGABLE: Final = frozenset(
    (
        # what structlog adds
        *("event", "level", "timestamp", "service", "instance", "exception", "dropped"),
        # identifiers: all made here, none derived from a person
        *("referral_id", "event_id", "decision_id", "cause_id", "traceparent", "run"),
        "mesh_id",  # made by MESH; by it an operator finds the row of intake.invalid
        # Kafka and PostgreSQL
        *("topic", "topics", "partition", "partitions", "offset", "group", "stream", "records", "generation", "member"),
        *("expected", "found", "schema", "migration", "attempt", "seconds", "head", "state"),
        # codes from closed lists, and names from our own configuration
        *("code", "kind", "type", "urgency", "destination", "setting", "locality", "source", "team", "purpose"),
        *("owner", "stage", "synthetic"),
        *("version", "hash", "row", "table", "column", "line", "cure", "file"),
        *("step", "status", "method", "route", "error", "why"),
        # figures
        *("count", "total", "port", "signal", "bytes", "limit", "unaccounted", "parked", "in_flight"),
        *("first_seen", "last_seen"),
    )
)


def only_loggable(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that keeps the closed list of fields and names the ones it dropped."""
    dropped = [name for name in fields if name not in LOGGABLE]
    for name in dropped:
        del fields[name]
    if dropped:
        fields["dropped"] = sorted(dropped)
    return fields


def exception_place(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces an exception by its class and the lines it passed, never its text: that may hold what was sent."""
    info = fields.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        places, trace = [], error.__traceback__
        while trace:
            places.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
            trace = trace.tb_next
        fields["exception"] = f"{type(error).__name__} at {' > '.join(places[-6:])}"
    return fields


def configure(service: str, instance: str, log_format: str = "auto", level: str = "info") -> None:
    """Sets structlog up for this process; libraries' own loggers pass warnings through the same pipeline."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            exception_place,
            only_loggable,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service, instance=instance)
    logging.basicConfig(handlers=[_LibraryLines()], level=logging.WARNING, force=True)


def quieten_drivers() -> None:
    """For a command, which says itself what failed: Kafka's driver says it dozens of times before."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class _LibraryLines(logging.Handler):
    """A library's warning becomes one line with its logger and place; its text may quote data, so it is left out."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning(
            "library",
            file=record.name,
            row=record.lineno,
            error=record.levelname,
            exc_info=record.exc_info and record.exc_info[1],
        )


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Within it every line carries these ids, whoever writes it; None names nothing."""
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value is not None}):
        yield


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The logger of this process."""
    return structlog.get_logger()  # type: ignore[no-any-return]  # structlog types it no closer
