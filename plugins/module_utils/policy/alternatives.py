# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A condition as alternatives, in each of which single tests all have to be true, or all have to be false."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .conditions import All, Any, Condition, Not, Test

#: So many alternatives of one rule are worth writing out; a condition with more is asked as it is.
MOST = 64


@dataclasses.dataclass(frozen=True)
class Alternative:
    """True of whom every test of ``true`` is true and every test of ``false`` is false."""

    true: tuple[Test, ...] = ()
    false: tuple[Test, ...] = ()


def alternatives(condition: Condition, most: int = MOST) -> tuple[Alternative, ...] | None:
    """Return the alternatives of which one is true where ``condition`` is: none of nobody. None: more than ``most``."""
    return _of(condition, True, most)


def _of(condition: Condition, wanted: bool, most: int) -> tuple[Alternative, ...] | None:
    """Return when ``condition`` is what is ``wanted``, true or false."""
    if isinstance(condition, Not):
        return _of(condition.part, not wanted, most)
    if not isinstance(condition, (All, Any)):
        return (Alternative((condition,)) if wanted else Alternative((), (condition,)),)
    parts = []
    for part in condition.parts:
        several = _of(part, wanted, most)
        if several is None:
            return None
        parts.append(several)
    # who is not (a and b) is not a, or is not b
    if isinstance(condition, All) is wanted:
        return _together(parts, most)
    found = tuple(itertools.chain.from_iterable(parts))
    return found if len(found) <= most else None


def _together(parts: t.Sequence[tuple[Alternative, ...]], most: int) -> tuple[Alternative, ...] | None:
    found: tuple[Alternative, ...] = (Alternative(),)
    for several in parts:
        if len(found) * len(several) > most:
            return None
        found = tuple(
            Alternative((*one.true, *other.true), (*one.false, *other.false)) for one in found for other in several
        )
    return found
