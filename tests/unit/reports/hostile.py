# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that are harmless as data and harmful as anything else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

HOSTILE = (
    "<script>window.hacked = true</script>",
    "</script><script>window.hacked = true</script>",
    "</SCRIPT ><script>window.hacked = true</script>",
    '"><img src=x onerror="window.hacked = true">',
    "'><svg onload='window.hacked = true'>",
    "x onmouseover=window.hacked=true y",
    "<!--",
    "<!-- <script>",
    "--><b>",
    "]]><b>",
    "<style>*{display:none}</style>",
    "</title></style></textarea></noscript><b>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "javascript:window.hacked=true",
    "&lt;script&gt;&amp;&quot;&#60;b&#62;",
    "{{ 7 * 7 }}{% for x in range(3) %}x{% endfor %}{# gone #}",
    "{{ lookup('pipe', 'id') }}",
    "${window.hacked = true}`",
    "=cmd|'/C calc'!A0",
    "\u2028\u2029window.hacked",
    "\u202egnp.exe\u202c",
    "\\u003cscript\\u003e",
    "%3Cscript%3E",
    'O\'Neil "the" <boss> & co',
)


def with_every_text(value: t.Any, text: str) -> t.Any:
    """Return ``value`` (a dataclass, all the way down) with every text in it, empty ones too, replaced by ``text``."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(with_every_text(each, text) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: with_every_text(getattr(value, f.name), text) for f in dataclasses.fields(value)}
        return type(value)(**fields)
    assert value is None or isinstance(value, (bool, int, float, dt.date)), f"a report holds a {type(value)}"
    return value
