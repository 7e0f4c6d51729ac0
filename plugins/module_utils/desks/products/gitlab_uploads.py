# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files at comments in GitLab: links in the text, whose files are read from the project.

Source: https://docs.gitlab.com/api/project_markdown_uploads/
"""

from __future__ import annotations

import re
import urllib.parse

from ...errors import NotFound
from ..contract import Attachment
from .gitlab_client import GitLabClient

_LINK = re.compile(r"!?\[([^\]\n]*)\]\(/uploads/([0-9a-f]{32})/([^)\s]+)\)(?:\{[^}\n]*\})?")


def files_in(text: str, project: str, client: GitLabClient, where: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return a comment's text without its files, and the files. ``project`` is the path of its project.

    What a GitLab before 17.4 does not give out stays in the text as a link.
    """
    files: list[Attachment] = []
    for found in list(_LINK.finditer(text)):
        label, secret, name = found[1], found[2], urllib.parse.unquote(found[3])
        try:
            content = client.session.file(
                f"{project}/uploads/{secret}/{urllib.parse.quote(name, safe='')}", where=where
            )
        except NotFound:
            continue
        files.append(Attachment(_name(label, name), content))
        text = text.replace(found[0], "")
    return text, tuple(files)


def _name(label: str, name: str) -> str:
    """Return the name that a file had: GitLab puts _ for spaces into it, and names a picture's link without its end."""
    stem, dot, ending = name.rpartition(".")
    stored = re.sub(r"[^\w.+-]", "_", label)
    return {name: label, stem: f"{label}{dot}{ending}"}.get(stored, name)
