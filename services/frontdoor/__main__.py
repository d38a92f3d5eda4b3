"""The installed command `frontdoor`.

A sub-command is one module (or package) in this folder, named in `COMMANDS`, with two functions::

    def register(commands: Commands) -> None:
        parser = add_command(commands, "trace", "tell the whole story of one referral", '''
          frontdoor trace 5d1c6f0e-...            in words, in order
          frontdoor trace 5d1c6f0e-... --json     for a program
        ''')
        parser.add_argument("id")
        parser.set_defaults(run=run)

    def run(arguments: argparse.Namespace) -> int:    # or `async def`: it is awaited
        ...

`run` returns the exit code: 0 clean, 1 a finding; it raises `shared.errors.Usage` for exit code 2 (wrong usage, or
what it needs cannot be reached), and any error it raises becomes one clear line. Import drivers inside `run`, so that
`frontdoor --help` stays quick. How a command finds the system: `services.frontdoor.running`.
"""

from __future__ import annotations

import sys

from services.frontdoor.cli import call, parser_of

COMMANDS = ("up", "demo", "trace", "explain", "reconcile", "verify", "schemas", "topics", "republish")


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    parser = parser_of(COMMANDS)
    sys.exit(call(parser.parse_args()))


if __name__ == "__main__":
    main()
