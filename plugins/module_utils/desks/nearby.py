# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and comments of products that keep the two apart: which file was sent with which comment."""

from __future__ import annotations

import datetime as dt
import typing as t

from .contract import Reply

_EARLY = dt.datetime.min.replace(tzinfo=dt.timezone.utc)


def nearest(author: str, at: dt.datetime | None, written: t.Sequence[tuple[str, dt.datetime | None]]) -> int | None:
    """Return the position, among ``written`` (author and time), of the author's comment that is nearest to ``at``."""
    distances = [
        (abs((when - at).total_seconds()), position)
        for position, (by, when) in enumerate(written)
        if author and at and when and by == author
    ]
    return min(distances)[1] if distances else None


def in_order(replies: t.Iterable[Reply]) -> tuple[Reply, ...]:
    """Return replies, the oldest first; of two at the same moment the first stays the first."""
    return tuple(sorted(replies, key=lambda reply: reply.at or _EARLY))


def shortened(title: str, longest: int) -> str:
    """Return a title of one line that is at most ``longest`` characters long; its end, with the task's id, is kept."""
    line = " ".join("".join(c if c.isprintable() else " " for c in title).split())
    return line if len(line) <= longest else f"{line[: longest - 65]} ... {line[-60:]}"
