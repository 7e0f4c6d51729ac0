# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a source of people over HTTP shows of itself, so that one suite can be run against all of them."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t

from .staff import HrFake


@dataclasses.dataclass(frozen=True)
class SourceCase:
    """One source and its fake. Everything that a system has not is said here, with the reason in a comment there."""

    word: str
    fake: type[HrFake]
    #: the settings, for a port of loopback; ``files`` is where files that they name may be made
    settings: t.Callable[[int, pathlib.Path], dict[str, t.Any]]
    #: the request that reads people: method and a part of its path
    reads: tuple[str, str]
    #: the HR statuses, in the order active, leave, future, terminated
    statuses: tuple[str, str, str, str]
    #: for the coverage page, in one sentence: what the fake was made of
    tested: str
    #: whether the list comes in pages (of three, here)
    paged: bool = True
    #: whether a list that lost somebody on the way can be noticed
    total: bool = False
    #: fields that the system has not by itself
    lacks: frozenset[str] = frozenset()
    #: what is hidden from the credential, by the vendor's word, and what the message then has to say
    hidden: str = ""
    told: tuple[str, ...] = ()
    #: a column of the vendor's that is read as an attribute, and what the first of the staff has there
    attribute: tuple[str, str] = ("", "")
    #: another column that all of the fake's staff share, where ``attribute`` is none
    shared: str = ""
    #: the option with the secret
    secret: str = "token"

    @contextlib.contextmanager
    def serving(self) -> t.Iterator[HrFake]:
        with self.fake().serving() as fake:
            yield fake
