"""Rule files that were edited, as if everybody who had approved them approved the edited text."""

from __future__ import annotations

import re

from services.triage.rules.approvals import digest_of


def signed(text: str) -> str:
    """The text with every approval in it signing it."""
    return re.sub('digest: "[0-9a-f]*"', f'digest: "{digest_of(text.encode())}"', text)
