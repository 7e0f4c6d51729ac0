# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has been told to whom, and which message is on its way: so that a message goes out once.

Messages to one place (a channel and an address) are numbered. Who writes down the next number in the ledger sends it;
how that ended is written down afterwards, together with what it told. A message whose end is missing was interrupted.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import typing as t
import urllib.parse

from ..ledger.holding import is_gone, this_process
from ..ledger.store import Ledger
from ..model import Run
from .digests import Digest
from .news import News

SENT, FAILED, UNCERTAIN = "sent", "failed", "uncertain"

# Nobody sends one message for as long as this: who does not come back in that time is gone, wherever it ran.
_TOO_LONG = dt.timedelta(minutes=10)
# What is not worked out anew by the next run, and has to be kept until it could be sent.
_HAPPENED = ("declined", "cancelled", "complete", "decided", "finding", "reopened")


@dataclasses.dataclass(frozen=True)
class Left:
    """A message that an earlier run has left: ``ended`` is failed, or empty where it was interrupted."""

    place: str
    number: int
    digest: Digest
    ended: str


class Told:
    """The ledger's notices, as they were when this was made; what this run adds is added here too."""

    def __init__(self, ledger: Ledger, run: Run, now: dt.datetime) -> None:
        self._ledger, self._run, self._now = ledger, run, now
        self._keys = ledger.notices()
        self._last: dict[str, int] = collections.defaultdict(int)
        for key in self._keys:
            word, place, number = [*key.split(" "), "", ""][:3]
            if word == "message" and number.isdigit():
                self._last[place] = max(self._last[place], int(number))

    def knows(self, place: str) -> t.Callable[[str], bool]:
        """Return what says whether a key of News was told at this place."""
        return lambda key: _told(place, key) in self._keys

    def left(self, channel: str) -> t.Iterator[Left]:
        """Yield the last message to each place of a channel that failed or was interrupted, the place's name first.

        One that another run may still be sending is not among them.
        """
        for place, number in sorted(self._last.items()):
            key = _message(place, number)
            if place.partition(":")[0] != channel or any(_end(key, one) in self._keys for one in (SENT, UNCERTAIN)):
                continue
            failed = _end(key, FAILED) in self._keys
            row = self._ledger.noticed(key)
            if row is None or not (failed or self._gone(row)):
                continue
            yield Left(place, number, _digest(row["data"]), FAILED if failed else "")

    def busy(self, place: str) -> bool:
        """Whether a message to this place has no end yet: another run is at it, or was interrupted."""
        number = self._last[place]
        return bool(number) and not any(
            _end(_message(place, number), one) in self._keys for one in (SENT, FAILED, UNCERTAIN)
        )

    def begin(self, place: str, digest: Digest) -> int | None:
        """Write down that a message is about to be sent; return its number. None: another run was faster."""
        number = self._last[place] + 1
        key = _message(place, number)
        if not self._ledger.notice(key, {"holder": this_process(), **_packed(digest)}, self._run, self._now):
            return None
        self._keys.add(key)
        self._last[place] = number
        return number

    def end(self, place: str, number: int, how: str, digest: Digest, why: str = "") -> None:
        """Write down how a message ended, and of a sent or an uncertain one that what it says was told."""
        keys = [_end(_message(place, number), how)]
        if how != FAILED:
            keys += [_told(place, one.key) for one in digest.news]
        self._ledger.notice_all(keys, {"message": _message(place, number), "why": why}, self._run, self._now)
        self._keys.update(keys)

    def give_up(self, left: Left, *, told: bool) -> None:
        """Write down that nobody knows what became of an interrupted message; ``told``: and that it is left at that."""
        digest = left.digest if told else dataclasses.replace(left.digest, news=())
        self.end(left.place, left.number, UNCERTAIN, digest, "interrupted")

    def _gone(self, row: t.Mapping[str, t.Any]) -> bool:
        return is_gone(str(row["data"].get("holder", ""))) or self._now - row["at"] > _TOO_LONG


def place_of(channel: str, digest: Digest) -> str:
    """Return the place of a digest: a word without blanks. An emergency is a place of its own."""
    place = f"{channel}:{urllib.parse.quote(digest.address.casefold(), safe='@+')}"
    return f"{place}!{urllib.parse.quote(digest.alone)}" if digest.alone else place


def with_left(digest: Digest, left: Left | None, open: t.Collection[str]) -> Digest:
    """Return the digest with what could not be told before and would else be forgotten. ``open`` are open tasks."""
    if left is None:
        return digest
    known = {one.key for one in digest.news}
    kept = tuple(
        one
        for one in left.digest.news
        if one.what in _HAPPENED and one.key not in known and (one.what != "reopened" or one.subject in open)
    )
    return dataclasses.replace(digest, news=(*digest.news, *kept))


def _message(place: str, number: int) -> str:
    return f"message {place} {number}"


def _end(message: str, how: str) -> str:
    return f"{message} {how}"


def _told(place: str, key: str) -> str:
    return f"told {place.partition('!')[0]} {key}"


def _packed(digest: Digest) -> dict[str, t.Any]:
    news = [
        {
            name: value.isoformat() if isinstance(value, dt.datetime) else value
            for name, value in dataclasses.asdict(one).items()
            if value
        }
        for one in digest.news
    ]
    return {"route": digest.route, "address": digest.address, "alone": digest.alone, "news": news}


def _digest(data: t.Mapping[str, t.Any]) -> Digest:
    news = tuple(
        News(**{**one, "due": dt.datetime.fromisoformat(one["due"])} if "due" in one else one) for one in data["news"]
    )
    return Digest(data["route"], data["address"], news, alone=data["alone"])
