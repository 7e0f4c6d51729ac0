# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an owner wrote at a ticket, read as an answer. Plain text goes in; nothing in it is ever evaluated.

In doubt nothing is understood: a question back costs a day, a task that is taken for done costs the access.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t

from .contract import Reply
from .quoted import own_words
from .reply_lines import Reading, Said


@dataclasses.dataclass(frozen=True)
class Heard:
    """What several replies say together: ``said``, in the words of ``reply``; ``unread`` is a later one that cannot be
    read."""

    said: Said = dataclasses.field(default_factory=Said)
    reply: Reply | None = None
    unread: Reply | None = None


def read_reply(text: str, things: t.Collection[str] = (), ours: str = "") -> Said:
    """Return what ``text`` says. It never raises.

    ``things`` are what a choice is asked for (mailbox, drive, ...); without them, the usual words and lines that hold
    an address count. ``ours`` is the text that was answered, to leave it out where it is repeated.
    """
    reading = Reading(frozenset(thing.strip().casefold() for thing in things))
    for line in own_words(text, ours):
        reading.line(line)
    return reading.said()


def latest(replies: t.Sequence[Reply], things: t.Collection[str] = (), ours: str = "") -> Heard:
    """Return what replies, the oldest first, say together: the last decision counts.

    An account name, a note or a choice from another reply is kept with it; "done" after "declined" and the other way
    round takes the place of everything before.
    """
    heard = Heard()
    for reply in replies:
        said = read_reply(reply.text, things, ours)
        if said.readable:
            heard = Heard(_together(heard.said, said), reply)
        elif said.unreadable:
            heard = Heard(dataclasses.replace(heard.said, unreadable=said.unreadable), heard.reply, reply)
    return heard


def _together(before: Said, now: Said) -> Said:
    decides = bool(now.done) or now.not_yet
    if decides and before.done and now.done != before.done:
        return now
    return Said(
        done=now.done if decides else before.done,
        account_name=now.account_name or before.account_name,
        note=now.note or before.note,
        reason=now.reason or before.reason,
        choices=types.MappingProxyType({**before.choices, **now.choices}),
        readable=True,
        not_yet=now.not_yet if decides else before.not_yet,
    )
