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
        *(_block(text) for text in info["description"].strip().split("\n\n")),
    ]
    parts.append('<p>For machines: <a href="openapi.json">openapi.json</a>.</p>')
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            parts.append(_operation(method.upper(), path, told, described["components"]["parameters"]))
    parts.append("<h2>What is not done</h2>")
    parts += [
        f"<h3 id=status-{status}>{status}</h3><p>{escape(answer['description'])}.</p>{_examples(answer['content'])}"
        for status, answer in described["components"]["responses"].items()
    ]
    for name in ("Referral", "Cancellation", "Outcome"):
        rows = "".join(_fields(described["components"]["schemas"][name], ""))
        parts.append(f"<h2>Fields of: {name.lower()}</h2><table><tr><th>path<th>what{rows}</table>")
    title = escape(info["title"])
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>{''.join(parts)}"


def _operation(method: str, path: str, told: dict[str, Any], parameters: dict[str, Any]) -> str:
    parts = [f"<h2><code>{method} {escape(path)}</code></h2><p>{escape(told['summary'])}.</p>"]
    taken = (parameters[parameter["$ref"].rpartition("/")[2]] for parameter in told["parameters"])
    parts += [f"<p>Header {_header(parameter)}.</p>" for parameter in taken if parameter["in"] == "header"]
    parts.append(_examples(told.get("requestBody", {}).get("content", {})))
    refused = [status for status, answer in told["responses"].items() if "$ref" in answer]
    for status in told["responses"].keys() - set(refused):
        answer = told["responses"][status]
        parts.append(f"<h3>{status} {escape(answer['description'])}</h3>{_examples(answer['content'])}")
    links = ", ".join(f'<a href="#status-{status}">{status}</a>' for status in refused)
    return "".join(parts) + f"<p>Not done: {links}.</p>"


def _header(parameter: dict[str, Any]) -> str:
    needed = "needed" if parameter.get("required") else "may be left out"
    return f"<code>{escape(parameter['name'])}</code> ({needed}): {escape(_kind(parameter | parameter['schema']))}"


def _examples(content: dict[str, Any]) -> str:
    """What is sent or answered, as examples."""
    return "".join(
        f"<details open><summary>Example: {escape(name)}</summary>"
        f"<pre>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre></details>"
        for told in content.values()
        for name, example in told.get("examples", {}).items()
    )


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
    if "enum" in schema and " = " not in told[0]:  # there the codes stand with what they mean
        told.append(" | ".join(str(value) for value in schema["enum"]))
    if "maximum" in schema:
        told.append(f"{schema['minimum']} to {schema['maximum']}")
    return ": ".join(part for part in told if part)


def _block(text: str) -> str:
    """A paragraph, or a table in Markdown."""
    if not text.startswith("| "):
        return f"<p>{_prose(text)}</p>"
    head, _, *rows = ([_prose(cell) for cell in line.strip("| ").split(" | ")] for line in text.splitlines())
    body = "".join(f"<tr><td>{'<td>'.join(cells)}" for cells in rows)
    return f"<table><tr><th>{'<th>'.join(head)}{body}</table>"


def _prose(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
