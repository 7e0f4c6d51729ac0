# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading HR, with the templates of its sources filled in."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..errors import RollcallError, SettingsError
from ..sources.people import Feed, read_people
from .feed_names import name_of_feed
from .settings import Settings


def read_feed(
    settings: Settings, resolve: t.Callable[[t.Any], t.Any], now: dt.datetime
) -> tuple[Feed | RollcallError, str]:
    """Return what HR says, or why it cannot be used; and what names the very file that it was read from.

    The name is empty where the feed is no single file (``name_of_feed``), and where it was written to meanwhile.
    """
    try:
        sources = resolve([dict(source) for source in settings.sources])
    except RollcallError as error:
        return error, ""
    except Exception as error:  # whatever the templating of the caller raises: without sources nobody is known
        found = SettingsError(
            f"a template in `sources` cannot be filled in: {error}",
            where=str(settings.path),
            todo="An inventory knows no variables yet: use a lookup (env, file, unvault)",
        )
        return found, ""
    name = name_of_feed(settings, resolve)
    try:
        feed = read_people(sources, settings.base, settings.normalise, today=settings.working_day.today(now))
    except SettingsError as error:
        where = f"{settings.path}, {error.where}".rstrip(", ")
        return SettingsError(error.message, where=where, todo=error.todo), ""
    except RollcallError as error:
        return error, ""
    # a file that somebody writes meanwhile is neither the one nor the other
    return feed, name if name_of_feed(settings, resolve) == name else ""
