"""`frontdoor dead-letters`: what can never work as it is, looked at and worked by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.frontdoor.dead_letters import acting, looking
from shared.command_line import add_command

if TYPE_CHECKING:
    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor dead-letters list                                    what waits, by incident (exit code 1: something does)
frontdoor dead-letters show ID                                 one of them: why, from where, what was done
frontdoor dead-letters replay --code unknown-type --by "Sam Operator" --why "triage can read it since 2026.4"
frontdoor dead-letters edit ID --value FILE --by "Sam Operator" --why "received_at had no zone; the sender says UTC"
frontdoor dead-letters discard ID --by "Sam Operator" --why "a test of the vendor's"
frontdoor dead-letters COMMAND --help                          each command has examples of its own

Behind each there may be a person who waits at the hub: the oldest first. deploy/runbooks/dead-letters.md goes step by
step. Needs a running system: --data, or FRONTDOOR_AUDITOR_DSN and, but for show, FRONTDOOR_KAFKA (with its user:
FRONTDOOR_KAFKA_USERNAME, in production frontdoor-operator).
"""


def register(commands: Commands) -> None:
    """Adds `dead-letters` and its commands to the command line."""
    parser = add_command(commands, "dead-letters", "look at what can never work as it is, and work it", EXAMPLES)
    registered = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    looking.register(registered)
    acting.register(registered)
