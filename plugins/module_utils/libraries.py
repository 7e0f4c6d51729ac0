# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Third-party libraries, imported when they are first used.

Every import of something that is neither Python's nor Ansible's own goes through ``library``: what a run does not
need costs it nothing, and a library that is not installed gives one clear message that names it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import types
import typing as t

from .errors import MissingLibrary

# import name -> the name to install it by, where the two differ
_PACKAGES = {"yaml": "PyYAML", "jwt": "PyJWT", "google": "google-auth", "pymysql": "PyMySQL", "botocore": "boto3"}

# Import name -> what it imports with itself where that is installed, and which of its functions it takes, where that
# takes long and is not needed here. For the formats iri and iri-reference jsonschema has rfc3987_syntax, which spends
# more than a second on a grammar; jupyter_events, for one, brings it along.
_PUT_OFF = {"jsonschema": ("rfc3987_syntax", "is_valid_syntax")}


@contextlib.contextmanager
def _put_off(name: str, function: str) -> t.Iterator[None]:
    """Have a module that is imported meanwhile for one of its functions imported when that is first called."""
    spec = importlib.util.find_spec(name) if name and name not in sys.modules else None
    if spec is None:
        yield
        return

    def first_import(*arguments: t.Any, **named: t.Any) -> t.Any:
        return getattr(importlib.import_module(name), function)(*arguments, **named)

    stand_in = types.ModuleType(name)
    stand_in.__spec__ = spec
    setattr(stand_in, function, first_import)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(name) is stand_in:  # another thread may import the same
            del sys.modules[name]


class _Library:
    """Stands for a module until an attribute of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: t.Any = None

    def __getattr__(self, attribute: str) -> t.Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if self._module is None:
            package = self._name.split(".", maxsplit=1)[0]
            try:
                with _put_off(*_PUT_OFF.get(package, ("", ""))):
                    self._module = importlib.import_module(self._name)
            except ImportError as error:
                raise MissingLibrary(_PACKAGES.get(package, package), str(error)) from error
        return getattr(self._module, attribute)


def library(name: str) -> t.Any:
    """Return a stand-in for the module ``name``; it is imported at the first use.

    Raises MissingLibrary, at that first use, when it is not installed.
    """
    return _Library(name)
