"""`frontdoor republish`: has the services publish again what Kafka lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.command_line import CLEAN, add_command
from shared.errors import Transient, Usage

if TYPE_CHECKING:
    import argparse

    from shared.command_line import Commands

EXAMPLES = """
frontdoor republish --dry-run    how much that would be; changes nothing
frontdoor republish              have it published again
frontdoor republish --json       for a program

For when Kafka's volume was lost and PostgreSQL's was not. In this order: stop the services, raise
FRONTDOOR_TOPIC_GENERATION, `frontdoor topics`, `frontdoor republish`, start the services. Then intake publishes again
what the topics do not hold any more, and triage what it had made of it: the same events, which nobody acts on twice.
Safe to repeat, also while the services run. FRONTDOOR_ADMIN_DSN is a superuser of the database or frontdoor_owner: no
service may take back what another noted as published. FRONTDOOR_KAFKA is the broker.
"""


def register(commands: Commands) -> None:
    """Adds `republish` to the command line."""
    parser = add_command(commands, "republish", "publish again what Kafka lost", EXAMPLES)
    parser.add_argument("--dry-run", action="store_true", help="say how much it is, change nothing")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """0 when all of it is marked for publication; `Usage` where Kafka or PostgreSQL cannot be reached."""
    from asyncpg import InsufficientPrivilegeError

    from services.frontdoor import database, recovery
    from shared.settings import ServiceSettings

    admin_dsn = database.DatabaseSettings().admin_dsn.get_secret_value()
    try:
        held = await recovery.held_by(ServiceSettings(postgres_dsn=""))
        again = await recovery.publish_again(admin_dsn, held, dry_run=arguments.dry_run)
    except Transient as error:
        raise Usage(error.code, f"{error.detail} (see FRONTDOOR_KAFKA and FRONTDOOR_ADMIN_DSN)") from error
    except InsufficientPrivilegeError as error:
        raise Usage("not-permitted", "FRONTDOOR_ADMIN_DSN must be of a superuser or of frontdoor_owner") from error
    if arguments.json:
        print(json.dumps({**again._asdict(), "dry_run": arguments.dry_run}))
    else:
        verb = "would be" if arguments.dry_run else "are"
        print(f"{again.events} events of intake and {again.outputs} of triage {verb} published again")
    return CLEAN
