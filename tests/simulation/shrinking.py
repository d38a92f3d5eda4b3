"""The shortest schedule that still shows the same fault: what does not matter is left out (ddmin)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.schedule import Schedule, Step

    Steps = tuple[Step, ...]


def shrunk(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """`schedule` without every step that it fails without, and with no delay and no number that is not needed.

    [Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002]
    """

    def still(steps: Steps) -> bool:
        return fails(schedule._replace(steps=steps))

    steps, parts = schedule.steps, 2
    while len(steps) > 1:
        size = -(-len(steps) // parts)
        without = (steps[:at] + steps[at + size :] for at in range(0, len(steps), size))
        if smaller := next((each for each in without if still(each)), None):
            steps, parts = smaller, max(2, parts - 1)
        elif size > 1:
            parts = min(len(steps), 2 * parts)
        else:
            break
    for at, step in enumerate(steps):
        for simpler in (step._replace(after=0.0), step._replace(after=round(step.after, 1)), *_with_less(step)):
            if simpler != step and still((*steps[:at], simpler, *steps[at + 1 :])):
                steps = (*steps[:at], simpler, *steps[at + 1 :])
                break
    return schedule._replace(steps=steps)


def _with_less(step: Step) -> list[Step]:
    if step.verb == "append":
        return [step._replace(arguments=(step.arguments[0], 1))]
    return []
