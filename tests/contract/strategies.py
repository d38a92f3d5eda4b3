"""Any value that a model of `shared` admits: built from the model's own fields and bounds, so that none is forgotten."""

from __future__ import annotations

import datetime as dt
import types
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st

from services.intake import code_lists
from shared.referral import Coded, CodedReferral

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy
    from pydantic.fields import FieldInfo

# Codes that somewhere in the system mean something, beside any text at all: a fact must take both.
CODES = sorted(
    {*code_lists.REASONS, *code_lists.MAIN_PROBLEMS, *code_lists.DISABILITY_STATUS, *code_lists.SOCIAL_NEEDS}
    | {"unmapped", "not recorded", "homeless", "rough-sleeping", "hostel", ""}
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=st.none() | ZONES)
PLAIN: dict[Any, SearchStrategy[Any]] = {
    str: st.sampled_from(CODES) | st.text(max_size=20),
    bool: st.booleans(),
    type(None): st.none(),
    dt.date: st.dates(),
    dt.datetime: MOMENTS,
    UUID: st.uuids(),
}


def any_of(model: type[Coded]) -> SearchStrategy[Any]:
    """Instances of the model, every field of it drawn."""
    return st.fixed_dictionaries({name: of_field(field) for name, field in model.model_fields.items()}).map(
        model.model_validate
    )


def of_field(field: FieldInfo) -> SearchStrategy[Any]:
    """Values of a field, within its bounds."""
    return of_type(field.annotation, {type(bound).__name__: bound for bound in field.metadata})


def of_type(annotation: Any, bounds: dict[str, Any]) -> SearchStrategy[Any]:
    """Values of a type; a type that is not known here is an error, not a gap."""
    if annotation is int:
        return _whole_numbers(getattr(bounds.get("Ge"), "ge", None), getattr(bounds.get("Le"), "le", None))
    if annotation in PLAIN:
        return PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Coded):
        return any_of(annotation)
    return _GENERIC[get_origin(annotation)](get_args(annotation), bounds)


def _whole_numbers(least: int | None, most: int | None) -> SearchStrategy[int]:
    """Often the bounds themselves: what goes wrong does so at the edge."""
    edges = [bound for bound in (least, most) if bound is not None]
    anywhere = st.integers(least, most)
    return st.sampled_from(edges) | anywhere if edges else anywhere


_GENERIC: dict[Any, Callable[[tuple[Any, ...], dict[str, Any]], SearchStrategy[Any]]] = {
    Literal: lambda values, _: st.sampled_from(values),
    Union: lambda types_, bounds: st.one_of(*(of_type(one, bounds) for one in types_)),
    types.UnionType: lambda types_, bounds: st.one_of(*(of_type(one, bounds) for one in types_)),
    tuple: lambda types_, _: st.lists(of_type(types_[0], {}), max_size=12).map(tuple),
}


def referrals() -> SearchStrategy[CodedReferral]:
    """Any coded referral that the model admits."""
    return any_of(CodedReferral)
