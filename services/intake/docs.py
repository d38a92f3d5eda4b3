"""`/docs`: one page made of the OpenAPI document, which needs nothing from anywhere else."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Final

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#212b32}
h2{margin-top:2.5rem;border-top:4px solid #005eb8;padding-top:.5rem}code,pre{background:#f0f4f5}
pre{padding:1rem;overflow:auto}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
"""


def page(described: dict[str, Any]) -> str:
    """The page."""
    info = described["info"]
    parts = [
        f"<h1>{escape(info['title'])}</h1>",
        *(f"<p>{_prose(text)}</p>" for text in info["description"].split("\n\n")),
    ]
    parts.append('<p>For machines: <a href="openapi.json">openapi.json</a>.</p>')
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            parts.append(_operation(method.upper(), path, told))
    parts.append("<h2>Fields of a referral</h2><table><tr><th>path<th>what")
    parts += _fields(described["components"]["schemas"]["Referral"], "")
    title = escape(info["title"])
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>{''.join(parts)}</table>"


def _operation(method: str, path: str, told: dict[str, Any]) -> str:
    parts = [f"<h2><code>{method} {escape(path)}</code></h2><p>{escape(told['summary'])}.</p>"]
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, example in body.get("examples", {}).items():
        sent = escape(json.dumps(example["value"], indent=2, ensure_ascii=False))
        parts.append(f"<details open><summary>Example: {escape(name)}</summary><pre>{sent}</pre></details>")
    answers = "".join(
        f"<tr><td>{status}<td>{escape(answer['description'])}" for status, answer in told["responses"].items()
    )
    return "".join(parts) + f"<table>{answers}</table>"


def _fields(schema: dict[str, Any], path: str) -> list[str]:
    rows = []
    for name, item in schema.get("properties", {}).items():
        inner = item.get("items", item)
        place = path + name + ("[]" if "items" in item else "")
        if "properties" in inner:
            rows += _fields(inner, f"{place}.")
        else:
            rows.append(f"<tr><td><code>{escape(place)}</code><td>{escape(_kind(inner))}")
    return rows


def _kind(schema: dict[str, Any]) -> str:
    told = [str(schema.get("description", schema.get("type", "")))]
    if "enum" in schema:
        told.append(" | ".join(str(value) for value in schema["enum"]))
    if "maximum" in schema:
        told.append(f"{schema['minimum']} to {schema['maximum']}")
    return ": ".join(told)


def _prose(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
