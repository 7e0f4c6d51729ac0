# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The company's days as they go when nothing is killed, and one of them gone through again with a kill in it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
import random
import typing as t

from ansible_collections.rollcall.access.tests.integration.killed import ends
from ansible_collections.rollcall.access.tests.integration.killed.days import BEFORE, DAYS, Day
from ansible_collections.rollcall.access.tests.integration.killed.life import Life, Ran

#: Every write of every day, in place of a draw.
SOAK = bool(os.environ.get("ROLLCALL_SOAK"))
SEED = int(os.environ.get("ROLLCALL_TEST_SEED") or random.SystemRandom().randrange(10**6))
#: ``onboard 17``: this one only.
POINT = os.environ.get("ROLLCALL_TEST_POINT", "")
#: How many of the writes are drawn.
SHARE = 0.4
#: Into how many tests a day is divided, so that they can run side by side.
PARTS = 3
#: Of so many points one is repeated once more, to see that then nothing is left to be done.
ONCE_MORE = 12


@dataclasses.dataclass(frozen=True)
class Known:
    """One day: as it begins, what its playbook writes, and how it ends; then how the same playbook leaves it again."""

    day: Day
    begins: t.Any
    writes: tuple[str, ...]
    end: ends.End
    again: ends.End

    def points(self, part: int) -> list[int]:
        """Return the writes of one part of the day at which it is killed, beginning with 1."""
        name, _blank, number = POINT.partition(" ")
        if POINT:
            return [int(number)] if (name, part) == (self.day.name, 0) else []
        return self.drawn(part)

    def drawn(self, part: int) -> list[int]:
        """Return those of them that the seed draws; in a soak all."""
        mine = range(1 + part, len(self.writes) + 1, PARTS)
        if SOAK:
            return list(mine)
        draw = random.Random(f"{SEED} {self.day.name} {part}")
        return sorted(draw.sample(mine, math.ceil(len(mine) * SHARE)))


class History:
    """The days, each of them gone through when it is first asked for."""

    def __init__(self, life: Life, place: pathlib.Path) -> None:
        self.life, self._place = life, place
        self._days: dict[str, Known] = {}
        self._next: t.Any = None

    def day(self, name: str) -> Known:
        for day in DAYS:
            if day.name not in self._days:
                self._days[day.name] = self._go_through(day)
            if day.name == name:
                break
        return self._days[name]

    def _go_through(self, day: Day) -> Known:
        life = self.life
        if self._next is None:
            life.begin()
            life.playbook(BEFORE.later(0), *BEFORE.arguments).succeeded()
        else:
            life.load(self._next)
        day.meanwhile(life)
        begins = life.save(self._place / f"{day.name} begins")
        ran = life.playbook(day.later(0), *day.arguments).succeeded()
        end = ends.end_of(life)
        again = life.playbook(day.later(REPEATED), *day.arguments)
        assert done_again(day, again), again.said
        assert outside(again) == [], f"{day.name} is not done with one run: {outside(again)}"
        self._next = life.save(self._place / f"{day.name} ends")
        return Known(day, begins, ran.writes, end, ends.end_of(life))


#: So many minutes after it was killed a run is repeated.
REPEATED = 7


def done_again(day: Day, ran: Ran) -> bool:
    """Whether a run of what is done already ended as it should."""
    return day.once in ran.said if day.once and ran.rc else ran.rc == 0


def outside(ran: Ran) -> list[str]:
    """Return what a run wrote that somebody outside sees: in apps, at desks, mails."""
    return [write for write in ran.writes if write != "ledger" and not write.startswith("file ")]


def wrong_after(life: Life, known: Known, point: int, *, mutation: str = "", once_more: bool = False) -> list[str]:
    """Kill the day's run at a write, repeat it, and return what is not as it would be without that."""
    day = known.day
    life.load(known.begins)
    killed = life.playbook(day.later(0), *day.arguments, stop_at=f"after {point}", mutation=mutation)
    if not killed.killed:
        return [f"it was never reached (exit code {killed.rc})\n{killed.said}"]
    wrong = ends.problems_of_packs(life)
    repeated = life.playbook(day.later(REPEATED), *day.arguments, mutation=mutation)
    wrong += [*ends.problems_of(life), *ends.problems_of_packs(life)]
    if not done_again(day, repeated):
        wrong.append(f"the repetition failed with {repeated.rc}")
    different = _different(life, known, point, repeated)
    wrong += [f"{part}: {json.dumps(what, ensure_ascii=False)}" for part, what in different.items()]
    if wrong:
        wrong.append(f"the repetition said\n{repeated.said}")
    if once_more and not wrong:
        again = life.playbook(day.later(2 * REPEATED), *day.arguments)
        wrong += [f"the third run still writes: {one}" for one in outside(again)]
        wrong += [f"the third run failed\n{again.said}"] * (not done_again(day, again))
    return wrong


def _different(life: Life, known: Known, point: int, repeated: Ran) -> dict[str, t.Any]:
    found = ends.end_of(life)
    different = ends.differences(found, known.end)
    # the repetition is the day's first run and its second, and each part may be as after the one or the other
    later = ends.differences(found, known.again)
    different = {part: what for part, what in different.items() if part in later}
    mails = different.pop("mails", {"too much": [], "missing": []})
    if mails != interrupted(known, point, mails["too much"]):
        different["mails"] = mails
    elif any(mails.values()) and UNCERTAIN not in repeated.said:
        different["mails"] = "that one may not have gone out is not said"
    return different


UNCERTAIN = "may not have gone out, because the run that sent it was interrupted"


def interrupted(known: Known, point: int, sent: t.Sequence[str]) -> dict[str, list[str]]:
    """Return which mails may be too much, and which missing, where a run was killed at ``point``: SMTP cannot tell.

    Killed between writing down that a mail is about to be sent and writing down that it was, nobody knows whether it
    went out. One that cannot wait is sent again, and says so; any other is not, and a finding names it.
    """
    at, before = known.writes[point - 1], known.writes[:point]
    following = known.writes[point] if point < len(known.writes) else ""
    mails = list(known.end["mails"])
    first = len(mails) - known.writes.count("mail")
    if following == "mail":
        lost = mails[first + before.count("mail")]
        again = [one for one in sent if _is_again(one, lost)] if _is_urgent(lost) else []
        return {"too much": again[:1], "missing": [lost]}
    if at == "mail":
        taken = mails[first + before.count("mail") - 1]
        return {
            "too much": [one for one in sent if _is_again(one, taken)][:1] if _is_urgent(taken) else [],
            "missing": [],
        }
    return {"too much": [], "missing": []}


def _is_urgent(mail: str) -> bool:
    title = mail.split("\n", 1)[0]
    # a leaver to be cut off, and break-glass access
    return "URGENT" in title or " took " in title


def _is_again(mail: str, of: str) -> bool:
    """Whether a mail is another one sent again: to the same address, of the same title, and saying so."""
    return mail.split("\n", 1)[0] == of.split("\n", 1)[0] + " (again)"
