"""Triage's settings: FRONTDOOR_* in the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.fuse import FuseSettings


class TriageSettings(FuseSettings):
    """Times are in seconds."""

    port: int = Field(8081, ge=0, le=65535)
    rules: Path = Field(Path("deploy/rules"), description="folder with one <locality>/ruleset.yaml each")
    rules_poll: float = Field(2, gt=0, description="how often the rules folder is looked at")
    rules_gate_timeout: float = Field(20, gt=0, description="the gate's child process is killed after this")
    localities: Path = Field(Path("deploy/localities.yaml"), description="the places that are served; as intake has it")
