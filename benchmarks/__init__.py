"""Races against other implementations, and counts of instructions."""
