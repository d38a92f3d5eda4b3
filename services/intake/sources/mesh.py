"""What is known of a source that sends by NHS MESH: the mailboxes it sends from. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MailboxId = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=100)]


class Mesh(BaseModel):
    """MESH itself says from which mailbox a message came, so a mailbox stands for its source as a key does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mailboxes: tuple[MailboxId, ...] = Field(min_length=1)
