"""The watch's settings: FRONTDOOR_* in the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class WatchSettings(ServiceSettings):
    """Times are in seconds."""

    port: int = Field(8084, ge=0, le=65535)
    watch_every: float = Field(15, gt=0, description="how often what is not through is looked at")
    watch_whole: float = Field(
        3600, gt=0, description="how often everything is looked at, as `frontdoor reconcile` does"
    )
    intake_url: str = Field("http://localhost:8080", description="where the canary is sent")
    canary_key: SecretStr | None = Field(None, description="a synthetic source's key; without it no canary is sent")
    canary_every: float = Field(3600, ge=60, description="how often a canary is sent")
    canary_within: float = Field(60, gt=0, description="a canary that is not audited after so long is an alarm")
