"""Seeded mistakes in a rule file's tables, and whether the gate refuses them."""
