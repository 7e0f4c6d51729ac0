# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Third-party libraries, imported when they are first used.

Every import of something that is neither Python's nor Ansible's own goes through ``library``: what a run does not
need costs it nothing, and a library that is not installed gives one clear message that names it.
"""

from __future__ import annotations

import importlib
import typing as t

from .errors import MissingLibrary

# import name -> the name to install it by, where the two differ
_PACKAGES = {"yaml": "PyYAML", "jwt": "PyJWT", "google": "google-auth", "pymysql": "PyMySQL", "botocore": "boto3"}


class _Library:
    """Stands for a module until an attribute of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: t.Any = None

    def __getattr__(self, attribute: str) -> t.Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if self._module is None:
            try:
                self._module = importlib.import_module(self._name)
            except ImportError as error:
                package = self._name.split(".", maxsplit=1)[0]
                raise MissingLibrary(_PACKAGES.get(package, package), str(error)) from error
        return getattr(self._module, attribute)


def library(name: str) -> t.Any:
    """Return a stand-in for the module ``name``; it is imported at the first use.

    Raises MissingLibrary, at that first use, when it is not installed.
    """
    return _Library(name)
