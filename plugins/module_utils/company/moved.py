# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work on a review that another run may be writing to at the same time."""

from __future__ import annotations

import contextlib
import typing as t

from ..errors import ReviewMoved

# eight runs at once wait for each other once or twice
_TRIES = 5

Done = t.TypeVar("Done")


def unless_moved(work: t.Callable[[], Done]) -> Done:
    """Return what ``work`` does, done once more where another run was faster: it reads what that one wrote.

    Nothing of what was moved may have been written. Raises ReviewMoved when it happens again and again.
    """
    for _again in range(_TRIES - 1):
        with contextlib.suppress(ReviewMoved):
            return work()
    return work()
