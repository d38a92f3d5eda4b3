"""The demo: a seeded synthetic month of one borough, sent through a running system and shown from its own records.

`month` makes what is sent (pure), `teams` answers for receiving teams (pure), `sending` and `reading` do the I/O,
`figures` counts (pure), `report` prints. The people are invented: names at random, NHS numbers from the synthetic
range 999, telephone numbers from the range kept for drama, postcodes that cannot exist.
"""

from services.frontdoor.demo.command import register

__all__ = ("register",)
