# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Screenshots of what the browser did, for auditors: one before and one after each operation, one of each failure."""

from __future__ import annotations

import os
import pathlib
import re
import typing as t

from ..clock import Clock
from ..errors import Refused


class Evidence:
    """One app's screenshots, named by time, app, operation and account. Nothing is ever written over."""

    def __init__(self, folder: pathlib.Path, app: str) -> None:
        self._folder = folder / _plain(app)
        self._app = _plain(app)

    def keep(self, image: bytes, operation: str, account: str, what: str) -> pathlib.Path:
        """Write an image and return where it is. ``what`` is before, after or failed.

        Raises Refused when it cannot be written: without evidence nothing is to be changed.
        """
        now = Clock().now()
        stamp = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z"
        words = [stamp, self._app, _plain(operation), _plain(account), what]
        name = "-".join(word for word in words if word)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for number in range(1000):
                path = self._folder / (f"{name}-{number}.png" if number else f"{name}.png")
                try:
                    # accounts and addresses are on it: for the owner of the directory alone
                    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                except FileExistsError:
                    continue
                with os.fdopen(handle, "wb") as file:
                    file.write(image)
                return path
            raise FileExistsError(17, "too many files of this name")
        except OSError as error:
            raise Refused(
                f"the screenshot cannot be kept in {self._folder} ({error.strerror or type(error).__name__})",
                where=f"app {self._app}, {operation}",
                todo="Make the directory writable, or name another one under connection.evidence",
            ) from error


def _plain(text: t.Any) -> str:
    """Return a text as a part of a file name: no value from outside chooses a path."""
    return re.sub(r"[^A-Za-z0-9@_.]+", "_", str(text)).strip("._")[:60]
