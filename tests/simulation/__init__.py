"""Thousands of schedules of what can happen to a consuming loop, each run in virtual time and checked."""
