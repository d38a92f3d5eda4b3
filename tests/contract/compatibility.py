"""What a changed JSON Schema breaks for those who wrote or read under the old one: exact rules, nothing guessed.

A version of an event type is a promise in both directions. Records stay in topics for days and in audit for ever, so
today's reader must understand what was ever written; and a reader of yesterday must still find what it relies on.
Values that stand at their default are left out of an event, so a default is part of the promise too.

A keyword that these rules do not know is refused, so that no change passes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = Mapping[str, Any]

_WORDS: Final = frozenset(("$schema", "$id", "$defs", "title", "description", "examples"))
_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_FORM: Final = ("format", "pattern")
_SHAPE: Final = ("type", "enum", "const", "anyOf", "$ref", "default", "properties", "required", "items")
_KNOWN: Final = frozenset((*_LEAST, *_MOST, *_FORM, *_SHAPE, "additionalProperties")) | _WORDS


class _Node(NamedTuple):
    """A part of a schema, with the definitions that its references name, and the path of the field."""

    schema: Schema
    definitions: Schema
    path: str

    def at(self, part: str, schema: Schema) -> _Node:
        return _Node(schema, self.definitions, f"{self.path}.{part}".lstrip("."))


def breaks(old: Schema, new: Schema) -> list[str]:
    """What of `new` breaks the promise of `old`, one sentence each; nothing if it is still the same version."""
    return list(_changes(_root(old), _root(new)))


def readers_first(old: Schema, new: Schema) -> list[str]:
    """Values that `new` admits and `old` did not: no break, but readers are brought up to date before writers."""
    return [found for found in _changes(_root(new), _root(old)) if "narrower" in found]


def _root(schema: Schema) -> _Node:
    return _Node(schema, schema.get("$defs", {}), "")


def _resolved(node: _Node) -> _Node:
    if unknown := set(node.schema) - _KNOWN:
        raise ValueError(f"{node.path or 'the schema'} uses {sorted(unknown)}: no rule says what a change of it breaks")
    if "$ref" not in node.schema:
        return node
    target = node.definitions[node.schema["$ref"].removeprefix("#/$defs/")]
    return _resolved(node._replace(schema={**target, **{k: v for k, v in node.schema.items() if k != "$ref"}}))


def _branches(node: _Node) -> list[_Node]:
    whole = _resolved(node)
    return [_resolved(whole._replace(schema=branch)) for branch in whole.schema.get("anyOf", (whole.schema,))]


def _changes(old: _Node, new: _Node) -> Iterator[str]:
    """Each alternative of the old must be one of the new, whole."""
    candidates = _branches(new)
    for branch in _branches(old):
        alike = [list(_branch(branch, other)) for other in candidates if _accepts(branch.schema, other.schema)]
        if not alike:
            yield f"{old.path}: narrower, may no longer be of type {branch.schema.get('type', 'any')}"
        elif all(alike):
            yield from min(alike, key=len)


def _accepts(old: Schema, new: Schema) -> bool:
    kinds = {"integer": {"integer", "number", None}}
    return new.get("type") in kinds.get(old.get("type", ""), {old.get("type"), None})


def _branch(old: _Node, new: _Node) -> Iterator[str]:
    yield from _values(old, new)
    yield from _bounds(old, new)
    if "properties" in old.schema or "properties" in new.schema:
        yield from _fields(old, new)
    if new.schema.get("additionalProperties") is False and old.schema.get("additionalProperties") is not False:
        yield f"{old.path}: narrower, unknown fields are no longer ignored"
    for part, inside in (("[]", "items"), ("*", "additionalProperties")):
        if isinstance(new.schema.get(inside), dict):
            yield from _changes(old.at(part, old.schema.get(inside) or {}), new.at(part, new.schema[inside]))


def _values(old: _Node, new: _Node) -> Iterator[str]:
    before, now = _listed(old.schema), _listed(new.schema)
    if now is not None and before is None:
        yield f"{old.path}: narrower, any value before, now one of a list"
    elif now is not None and before is not None:
        yield from (f"{old.path}: narrower, the value {value!r} is gone" for value in before if value not in now)


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(old: _Node, new: _Node) -> Iterator[str]:
    before, now = old.schema, new.schema
    for word in (*_LEAST, *_MOST, *_FORM):
        if word not in now:
            continue
        tighter = word not in before or (
            before[word] != now[word]
            if word in _FORM
            else (now[word] > before[word] if word in _LEAST else now[word] < before[word])
        )
        if tighter:
            yield f"{old.path}: narrower, {word} was {before.get(word, 'free')}, is {now[word]}"


def _fields(old: _Node, new: _Node) -> Iterator[str]:
    before, now = old.schema.get("properties", {}), new.schema.get("properties", {})
    was_required, is_required = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
    for name in before:
        if name not in now:
            yield f"{old.at(name, {}).path}: gone (or renamed)"
            continue
        field_before, field_now = old.at(name, before[name]), new.at(name, now[name])
        yield from _changes(field_before, field_now)
        if name in was_required - is_required:
            yield f"{field_before.path}: no longer always there, and readers of the old version need it"
        elif _default_moved(field_before, field_now):
            yield f"{field_before.path}: another default, so an event that leaves it out now says something else"
    for name in sorted(is_required - was_required):
        yield f"{old.at(name, {}).path}: newly required, and older events do not have it"


def _default_moved(old: _Node, new: _Node) -> bool:
    """Whether the default of a plain value moved; the defaults of an object are those of its own fields."""
    before, now = old.schema.get("default"), new.schema.get("default")
    return "default" in old.schema and "default" in new.schema and not isinstance(before, dict) and before != now
