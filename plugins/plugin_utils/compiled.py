# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps what Python has made of our sources, as it does for every other program.

Ansible loads the plugins of a collection with Python's own loader, which keeps their bytecode in ``__pycache__`` next
to them; but what these import, in ``module_utils`` and ``plugin_utils``, it compiles anew in every run
(``_AnsibleCollectionPkgLoaderBase.get_code`` in ansible/utils/collection_loader/_collection_finder.py, ansible-core
2.16 to 2.20). From the import of this module on, Python's loader has both of ours. All that it is told by
($PYTHONDONTWRITEBYTECODE, $PYTHONPYCACHEPREFIX) holds as always; and where the folder cannot be written to, sources are
compiled anew, as before.

Import it first, in every plugin that Ansible loads.
"""

from __future__ import annotations

import gc
import sys
import typing as t
from importlib import abc, machinery

#: ``ansible_collections.rollcall.access.plugins.``
_OURS = __name__.rpartition("plugin_utils.")[0]
_FOLDERS = (f"{_OURS}module_utils.", f"{_OURS}plugin_utils.")


class _Finder(abc.MetaPathFinder):
    def __init__(self) -> None:
        self._folders: dict[str, machinery.FileFinder] = {}

    def find_spec(
        self, fullname: str, path: t.Sequence[str] | None, target: t.Any = None
    ) -> machinery.ModuleSpec | None:
        """Return where one of our modules is; None for everything else, and for a folder without ``__init__.py``."""
        if not fullname.startswith(_FOLDERS):
            return None
        for folder in path or ():
            if folder not in self._folders:
                self._folders[folder] = machinery.FileFinder(folder, (machinery.SourceFileLoader, [".py"]))
            spec = self._folders[folder].find_spec(fullname, target)
            if spec is not None and spec.loader is not None:
                return spec
        return None


def _begin() -> None:
    # anywhere else than in Ansible, such as in tests, Python's own loader has loaded this module as well
    spec = sys.modules[__name__].__spec__
    if spec is None or not isinstance(spec.loader, machinery.SourceFileLoader):
        sys.meta_path.insert(0, _Finder())
        # what Ansible has made so far is no garbage of ours, and going through it while we import takes time
        gc.freeze()


_begin()
