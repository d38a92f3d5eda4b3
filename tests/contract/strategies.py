"""Any value that a model of `shared` admits: built from the model's own fields and bounds, so that none is forgotten."""

from __future__ import annotations

import datetime as dt
import types
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from services.intake.contract import code_lists
from shared.referral import Coded, CodedReferral

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

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
    hints = get_type_hints(model, include_extras=True)
    return st.fixed_dictionaries({name: of_type(hint) for name, hint in hints.items()}).map(lambda made: model(**made))


def of_type(annotation: Any) -> SearchStrategy[Any]:
    """Values of a type, within its bounds; a type that is not known here is an error, not a gap."""
    if get_origin(annotation) is Annotated:
        kind, *metas = get_args(annotation)
        return _whole_numbers(metas[0].ge, metas[0].le) if kind is int else of_type(kind)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Coded):
        return any_of(annotation)
    return _GENERIC[get_origin(annotation)](get_args(annotation))


def _whole_numbers(least: int | None, most: int | None) -> SearchStrategy[int]:
    """Often the bounds themselves: what goes wrong does so at the edge."""
    edges = [bound for bound in (least, most) if bound is not None]
    anywhere = st.integers(least, most)
    return st.sampled_from(edges) | anywhere if edges else anywhere


_GENERIC: dict[Any, Callable[[tuple[Any, ...]], SearchStrategy[Any]]] = {
    Literal: st.sampled_from,
    Union: lambda types_: st.one_of(*map(of_type, types_)),
    types.UnionType: lambda types_: st.one_of(*map(of_type, types_)),
    tuple: lambda types_: st.lists(of_type(types_[0]), max_size=12).map(tuple),
}


def referrals() -> SearchStrategy[CodedReferral]:
    """Any coded referral that the model admits."""
    return any_of(CodedReferral)
