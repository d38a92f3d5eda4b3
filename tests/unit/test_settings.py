"""A wrong setting is named, with what is wrong about it; what it was set to is never shown: it may be a secret."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from services.frontdoor.database import DatabaseSettings, roles_sql
from services.intake.settings import SILENT, IntakeSettings
from shared.errors import Usage
from shared.settings import ServiceSettings

SECRETS = {
    "FRONTDOOR_PERSON_SECRET": "tooshort-hush",
    "FRONTDOOR_POSTGRES_DSN": "postgresql://frontdoor_intake:hush@nowhere/frontdoor",
    "FRONTDOOR_KAFKA_PASSWORD": "hush",
    "FRONTDOOR_PORT": "hush",
}


def ran(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}
    return subprocess.run(
        [sys.executable, "-m", *command], env=environment | settings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("service", ["intake", "triage", "audit"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_service_with_wrong_settings_names_them_and_shows_no_value(service: str, log_format: str):
    done = ran(f"services.{service}", **SECRETS, FRONTDOOR_LOG_FORMAT=log_format)
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "refused to start" in said and "FRONTDOOR_PORT" in said and "valid integer" in said
    assert "hush" not in said


@pytest.mark.parametrize("service", ["intake", "triage"])
def test_a_migration_with_wrong_settings_does_so_too(service: str):
    done = ran(f"services.{service}", "migrate", **SECRETS)
    assert (done.returncode, "FRONTDOOR_PORT" in done.stderr, "hush" in done.stdout + done.stderr) == (2, True, False)


def test_a_command_with_wrong_settings_does_so_too():
    done = ran("services.frontdoor", "topics", **SECRETS)
    assert (done.returncode, "FRONTDOOR_PORT" in done.stderr, "hush" in done.stdout + done.stderr) == (2, True, False)


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(Usage) as refused:
        IntakeSettings.model_validate({"person_secret": "tooshort-hush", "max_body": "hush"})
    assert [name in refused.value.detail for name in ("POSTGRES_DSN", "PERSON_SECRET", "MAX_BODY")] == [True] * 3
    assert "hush" not in str(refused.value)


def test_a_setting_that_is_missing_is_named_with_what_it_is_for():
    done = ran("services.frontdoor", "republish", "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "FRONTDOOR_ADMIN_DSN is not set: postgresql:// of a superuser" in done.stderr


def test_a_setting_that_is_empty_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch):
    for name in ("FUSE_SHARE", "PHONE_NOW", "MESH_URL", "MLLP_CLIENT_CA", "DEPRIVATION"):
        monkeypatch.setenv(f"FRONTDOOR_{name}", "")
    given = IntakeSettings(postgres_dsn="", person_secret="long-enough-a-secret")
    assert (given.fuse_share, "phone now" in given.phone_now) == (0.5, True)
    assert (given.mesh_url, given.mllp_client_ca, given.deprivation) == (None, None, None)
    monkeypatch.setenv("FRONTDOOR_PERSON_SECRET", "")
    with pytest.raises(Usage, match="FRONTDOOR_PERSON_SECRET is not set"):
        IntakeSettings(postgres_dsn="")


def test_the_settings_of_the_schemas_command_are_no_less_discreet():
    with pytest.raises(Usage, match="FRONTDOOR_ADMIN_DSN") as refused:
        DatabaseSettings.model_validate({"admin_dsn": ["hush"]})
    assert "hush" not in str(refused.value)


def test_a_loop_may_be_silent_for_longer_than_two_produces_take_at_their_limits():
    with pytest.raises(Usage, match="FRONTDOOR_MAX_TICK_AGE must be over 420"):
        ServiceSettings(postgres_dsn="", kafka_send_timeout=200)


def test_a_relay_at_its_limits_is_not_silent_for_so_long_that_postgresql_ends_its_session():
    fine = {"postgres_dsn": "", "person_secret": "a secret of tests", "kafka_stop_timeout": 10}
    IntakeSettings.model_validate(fine | {"kafka_send_timeout": 34})
    with pytest.raises(Usage, match=r"FRONTDOOR_KAFKA_SEND_TIMEOUT and .* under 45"):
        IntakeSettings.model_validate(fine | {"kafka_send_timeout": 35})
    roles = roles_sql()
    assert f"ALTER ROLE frontdoor_intake SET idle_session_timeout = '{SILENT:g}s'" in roles
