"""Warnings that say the same of many things, said once."""

from __future__ import annotations

from collections.abc import Iterable

MANY, SHOWN = 4, 3
"""So many that differ in their first words only are joined, and so many of them are named."""


def grouped(warnings: Iterable[str]) -> tuple[str, ...]:
    """The warnings in their order; of many that differ in what stands before the colon there is one."""
    subjects: dict[str, list[str]] = {}
    for warning in warnings:
        subject, colon, rest = warning.partition(": ")
        subjects.setdefault(rest if colon else warning, []).append(subject)
    found = []
    for rest, named in subjects.items():
        many = list(dict.fromkeys(named))
        if len(many) < MANY:
            found += [rest if subject == rest else f"{subject}: {rest}" for subject in many]
        else:
            found.append(f"{', '.join(many[:SHOWN])} and {len(many) - SHOWN} more (each): {rest}")
    return tuple(found)
