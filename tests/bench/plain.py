"""The events as pydantic models: what the peers of the benchmark read and write, as the design notes' loops do."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.events import ReferralReceived
from shared.referral import Coded, CodedReferral

_made: dict[type[Coded], type[BaseModel]] = {}


class Frozen(BaseModel):
    """What every such model is."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def as_pydantic(model: type[Coded]) -> type[BaseModel]:
    """The pydantic model of the same fields, bounds and defaults."""
    if model not in _made:
        hints = get_type_hints(model, include_extras=True)
        fields: dict[str, Any] = {f.name: (_kind(hints[f.name]), _default(f)) for f in msgspec.structs.fields(model)}
        _made[model] = create_model(model.__name__, __base__=Frozen, **fields)
    return _made[model]


def _kind(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Coded):
        return as_pydantic(hint)
    if get_origin(hint) is Annotated:
        kind, bounds = get_args(hint)
        return Annotated[kind, Field(ge=bounds.ge, le=bounds.le)] if kind is int else kind
    if get_origin(hint) is tuple:
        return tuple.__class_getitem__((_kind(get_args(hint)[0]), ...))
    parts = [part for part in get_args(hint) if part is not type(None)]
    return _kind(parts[0]) | None if len(parts) < len(get_args(hint)) else hint


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.required:
        return ...
    return as_pydantic(type(field.default))() if isinstance(field.default, Coded) else field.default


PlainReferral: Any = as_pydantic(CodedReferral)
PlainReceived: Any = as_pydantic(ReferralReceived)
