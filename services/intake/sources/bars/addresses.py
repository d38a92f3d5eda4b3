"""Where replies may go: the addresses that a source's settings list, exactly, and nothing that could pass for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN: Final = r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~$-]+)*/?"  # no user, query, escape or blank
OPERATION: Final = "$process-message"


def allowed(endpoint: str, prefixes: Iterable[str]) -> bool:
    """Whether an address has the scheme, host and port of a listed one, and its path or one below it."""
    if not re.fullmatch(PLAIN, endpoint) or {".", ".."} & set(urlsplit(endpoint).path.split("/")):
        return False
    parts = urlsplit(endpoint)
    for prefix in map(urlsplit, prefixes):
        below = prefix.path.rstrip("/") + "/"
        same = (parts.scheme, parts.netloc.casefold()) == (prefix.scheme, prefix.netloc.casefold())
        if same and (parts.path.rstrip("/") + "/").startswith(below):
            return True
    return False


def posted_to(endpoint: str) -> str:
    """The address of the operation below an endpoint's base."""
    return endpoint if endpoint.endswith(OPERATION) else f"{endpoint.rstrip('/')}/{OPERATION}"
