"""W3C trace context: one `traceparent` from the HTTP request to the audit row."""

from __future__ import annotations

import re
import secrets

_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


def well_formed(header: str | None) -> str | None:
    """The header if it is a traceparent; None for anything else, which may be anything."""
    return header if header and _FORM.fullmatch(header) else None


def continue_trace(header: str | None) -> str:
    """A traceparent with a new span in the trace of `header`, or in a new trace where that is absent or malformed."""
    known = _FORM.fullmatch(header) if header else None
    trace, flags = known.groups() if known else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
