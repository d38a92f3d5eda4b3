"""Seeded faults: every small mistake that a hand could make in a rule file's tables, and whether the gate refuses it."""
