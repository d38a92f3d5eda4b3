"""Audit's settings: FRONTDOOR_* in the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """Times are in seconds."""

    port: int = Field(8082, ge=0, le=65535)
    heads_seconds: float = Field(60, gt=0, description="how often the heads of the chains are published, if they moved")
    heads_key: Path | None = Field(
        None, description="private key (PEM) that signs the heads: `frontdoor audit key`; without it they go unsigned"
    )
