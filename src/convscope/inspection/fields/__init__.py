"""Receptive fields: what a unit can see, and what it listens to."""
