"""Localities: the places that one installation serves, each with its catchment, its calendar and its hub."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cached_property
from pathlib import Path  # noqa: TC003  (pydantic reads the annotations at run time)
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# DCB0129 and DCB0160 ask for a clinical safety officer's approval; the other two are this project's own rule.
REQUIRED_ROLES: Final = ("clinical safety officer", "clinician", "someone who uses services")
_Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True)]


class Locality(BaseModel):
    """One place. Opening hours are local times per weekday; a day without an entry is closed.

    `practices` (ODS codes) and `postcode_districts` find the referrals of sources that serve several places;
    `approvals` are the roles without whose approval no rule set comes into force.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    default: bool = False
    timezone: str = "Europe/London"
    opening_hours: dict[str, tuple[dt.time, dt.time]]
    bank_holidays: frozenset[dt.date] = frozenset()
    practices: frozenset[_Code] = frozenset()
    postcode_districts: frozenset[_Code] = frozenset()
    hub: str = "hub"
    approvals: tuple[str, ...] = Field(REQUIRED_ROLES, min_length=1)

    @field_validator("opening_hours", mode="before")
    @classmethod
    def _from_text(cls, hours: object) -> object:
        """Reads `monday: 09:00-17:00`."""
        if not isinstance(hours, dict):
            return hours
        return {day: tuple(str(span).split("-")) if isinstance(span, str) else span for day, span in hours.items()}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The locality's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def _openings(self) -> dict[dt.date, tuple[dt.datetime, dt.datetime] | None]:
        return {}

    def opening(self, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
        """When the locality opens and closes on a day (UTC), or None where it is closed all day."""
        if day not in self._openings:
            self._openings[day] = self._opening(day)
        return self._openings[day]

    def _opening(self, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
        hours = None if day in self.bank_holidays else self.opening_hours.get(WEEKDAYS[day.weekday()])
        if hours is None:
            return None
        opens, closes = (dt.datetime.combine(day, at, self.zone).astimezone(dt.UTC) for at in hours)
        return opens, closes


def read_localities(file: Path) -> dict[str, Locality]:
    """The localities of a config file by id; `Usage` says where it is wrong. Exactly one is the default."""
    try:
        raw = yaml.safe_load(file.read_text())
        localities = {key: Locality.model_validate(value) for key, value in raw["localities"].items()}
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError) as error:
        raise Usage("localities", f"{file} cannot be read: {type(error).__name__}") from error
    except ValidationError as error:
        places = "; ".join(".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors())
        raise Usage("localities", f"{file}: {places}") from error
    if sum(locality.default for locality in localities.values()) != 1:
        raise Usage("localities", f"{file}: exactly one locality must say `default: true`")
    practices = Counter(code for locality in localities.values() for code in locality.practices)
    if twice := sorted(code for code, times in practices.items() if times > 1):
        raise Usage("localities", f"{file}: a practice belongs to one locality: {', '.join(twice)}")
    return localities


def default_locality(localities: Mapping[str, Locality]) -> str:
    """The id of the locality that owns what belongs to none."""
    return next(key for key, locality in localities.items() if locality.default)
