# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much may change at once: the limits of the guard, as ``guard:`` in rollcall.yml gives them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import SettingsError


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """So many at most, or so many of a hundred. One of the two is None."""

    percent: float | None = None
    count: int | None = None

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.percent is not None else str(self.count)

    def passed(self, number: int, total: int, floor: int) -> bool:
        """Return whether ``number`` of ``total`` is too many. Below ``floor`` a percentage does not count."""
        if self.count is not None:
            return number > self.count
        # whole numbers: 20 of 100 is not more than 20%, whatever floating point makes of it
        return self.percent is not None and number >= floor and number * 100 > self.percent * total

    @classmethod
    def parse(cls, value: t.Any, where: str) -> Limit:
        """Read "10%", "2.5%", "5" or 5. Raises SettingsError for anything else; ``where`` names the setting."""
        text = str(value).strip()
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
        if found and float(found[1]) <= 100:
            return cls(percent=float(found[1]))
        if re.fullmatch(r"\d+", text) and not isinstance(value, bool):
            return cls(count=int(text))
        raise SettingsError(
            f"{where} is {text!r}, which is no limit",
            todo='Write a part of all, such as "10%", or a number, such as 25',
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the guard. The defaults are those of the documentation."""

    people_lost: Limit = Limit(percent=10)
    attributes_blanked: Limit = Limit(percent=5)
    per_run: Limit = Limit(percent=10)
    per_app: Limit = Limit(percent=20)
    floor: int = 5
    #: below how many ``per_run`` does not count, where that is another number than ``floor``
    run_floor: int | None = None

    @property
    def floor_of_run(self) -> int:
        return self.floor if self.run_floor is None else self.run_floor

    def shared(self, parts: int) -> Limits:
        """Return the limits of one of ``parts`` runs that each have apps of their own.

        A percentage is of one's own accounts, so if none passes it, all together do not. What is counted has to be
        shared: a number, and how many are too few to count. What concerns one app stays as it is.
        """
        per_run = Limit(count=self.per_run.count // parts) if self.per_run.count is not None else self.per_run
        return dataclasses.replace(self, per_run=per_run, run_floor=-(-self.floor_of_run // parts))

    @classmethod
    def from_settings(cls, settings: t.Mapping[str, t.Any]) -> Limits:
        """Read ``guard:``. What is not there keeps its default. Raises SettingsError for what makes no sense."""
        feed = _part(settings, "guard", "feed")
        removals = _part(settings, "guard", "removals")
        _nothing_else(settings, "guard", ("feed", "removals"))
        _nothing_else(feed, "guard.feed", ("people_lost", "attributes_blanked"))
        _nothing_else(removals, "guard.removals", ("per_run", "per_app", "floor"))
        found: dict[str, t.Any] = {}
        for part, name, keys in (
            ("feed", feed, ("people_lost", "attributes_blanked")),
            ("removals", removals, ("per_run", "per_app")),
        ):
            found.update({key: Limit.parse(name[key], f"guard.{part}.{key}") for key in keys if key in name})
        if "floor" in removals:
            floor = Limit.parse(removals["floor"], "guard.removals.floor")
            if floor.count is None:
                raise SettingsError(
                    f"guard.removals.floor is {removals['floor']!r}", todo="It is a number of people, such as 5"
                )
            found["floor"] = floor.count
        return cls(**found)


def _part(settings: t.Mapping[str, t.Any], where: str, key: str) -> t.Mapping[str, t.Any]:
    part = settings.get(key)
    if part is None:
        return {}
    if not isinstance(part, t.Mapping):
        raise SettingsError(
            f"{where}.{key} is {part!r}, where a mapping was expected", todo="See the guard's reference"
        )
    return part


def _nothing_else(part: t.Mapping[str, t.Any], where: str, known: t.Collection[str]) -> None:
    for key in part:
        if key not in known:
            raise SettingsError(f"{where} has no {key!r}", todo=f"It takes {', '.join(known)}")
