"""Trainings and measurements in a grid, kept in tables; differences with intervals."""
