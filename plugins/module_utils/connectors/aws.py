# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every connector to AWS takes in its ``connection``, and who it is then."""

from __future__ import annotations

import concurrent.futures
import difflib
import typing as t

from ..errors import PolicyError, SettingsError
from ..protocols.aws import Aws, AwsSettings
from ..protocols.options import Options

AWS_OPTIONS: t.Mapping[str, str] = {
    "access_key": "optional",
    "secret_key": "optional",
    "session_token": "optional",
    "profile": "optional",
    "role_arn": "optional",
    "role_external_id": "optional",
    "region": "optional",
    "endpoint_url": "optional",
    "endpoint_urls": "optional",
    "ca_file": "optional",
    "connect_timeout": "optional",
    "read_timeout": "optional",
    "read_attempts": "optional",
    "read_budget": "optional",
    "page_size": "optional",
}
_NAMED = ("access_key", "secret_key", "session_token", "profile", "role_arn", "role_external_id")
_AT_ONCE = 4  # calls for single accounts; IAM takes about that many without throttling

T = t.TypeVar("T")
R = t.TypeVar("R")


def signed_in(options: Options, connection: t.Mapping[str, t.Any], app: str) -> Aws:
    """Return who the connection says one is. Raises PolicyError for what cannot be right."""
    for name in _NAMED:
        # An empty one is a vault that was not there. Going on with whatever the machine has would be somebody else.
        if name in connection and not options.text(name).strip():
            raise options.wrong(name, "a text that is not empty (leave it out to use what boto3 finds by itself)")
    settings = AwsSettings(
        **{name: options.text(name).strip() for name in (*_NAMED, "region", "endpoint_url")},
        endpoint_urls=options.mapping("endpoint_urls"),
        ca_file=str(options.path("ca_file") or ""),
        connect_timeout=options.number("connect_timeout", 10.0, least=0.01) or 10.0,
        read_timeout=options.number("read_timeout", 30.0, least=0.01) or 30.0,
        read_attempts=int(options.number("read_attempts", 5, least=1) or 1),
        read_budget=options.number("read_budget", 60.0) or 0.0,
    )
    try:
        return Aws(settings)
    except SettingsError as error:
        raise PolicyError(error.message, where=f"app {app}, connection", todo=error.todo) from error


def page_size(options: Options, most: int) -> int:
    size = int(options.number("page_size", most, least=1) or most)
    if size > most:
        raise options.wrong("page_size", f"a number from 1 to {most}")
    return size


def side_by_side(what: t.Callable[[T], R], items: t.Sequence[T]) -> list[R]:
    """Return ``what`` of each item, in order, some at a time. The first error is raised; what waits is not begun."""
    if len(items) < 2:
        return [what(item) for item in items]
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(what, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def near(name: str, names: t.Collection[str]) -> str:
    """Return what to do about a name that is not there."""
    close = difflib.get_close_matches(name, sorted(names), n=3)
    return f"Near it: {', '.join(close)}" if close else "Look at how AWS itself spells it"
