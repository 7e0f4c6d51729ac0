# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection for every connector, desk and source, with another secret in each option that takes one.

It is made of what the class itself says about its options, so that a new one is covered on the day it is registered;
only what has a form of its own is written here.
"""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

from ansible_collections.rollcall.access.tests.security.canaries import canary, certificate, plain_canary, private_key

#: Options that hold a secret where they are given, whatever their class says of them.
SECRET = re.compile(r"(.*_)?(token|secret|password|passphrase|credentials|key)")
#: ... and those that look like it: names of keys that are public.
PUBLIC = frozenset({"access_key"})
ADDRESS = re.compile(r"(.*_)?url|authority")
WAIT: t.Mapping[str, t.Any] = {"connect_timeout": 2, "read_timeout": 1, "read_attempts": 1, "read_budget": 1}

LIST = {"path": "/users", "items": "users"}
ACCOUNT = {"id": "{id}", "email": "{email}"}
#: word of a kind -> options of a form of their own; None leaves one out. ``{url}`` and ``{host}`` are the server's.
OWN: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "connector file": {"path": "nobody.csv", "columns": {"username": "login"}},
    "connector rest": {
        "list": {"path": "/users", "items": "users"},
        "account": {"id": "id", "email": "email"},
        "create": {"method": "POST", "path": "/users", "body": {"email": "{email}"}},
        "suspend": {"method": "POST", "path": "/users/{id}/suspend"},
    },
    "connector browser": {
        "sign_in": {"steps": [{"go": "/"}], "done": "#in"},
        "list": None,
    },
    "connector ldap": {"url": "ldap://{host}", "bind_dn": "cn=x,dc=acme", "user_base": "dc=acme"},
    "connector active_directory": {"url": "ldap://{host}", "bind_dn": "cn=x,dc=acme", "user_base": "dc=acme"},
    "connector sql": {"list": "SELECT 1 AS id", "columns": {"id": "id"}},
    "connector aws_iam": {"access_key": "AKIAX", "region": "eu-west-1"},
    "connector aws_identity_center": {"access_key": "AKIAX", "region": "eu-west-1"},
    "connector okta": {"client_id": None, "private_key": None, "key_id": None},
    "connector salesforce": {"client_secret": None, "private_key": None, "client_id": None, "username": None},
    "connector adobe": {"country": "NL"},
    "connector servicenow": {"username": "rollcall", "client_id": None, "client_secret": None},
    "connector tailscale": {"auth": None},
    "connector entra": {"certificate": None, "private_key": None, "tenant": "acme"},
    "connector google_workspace": {"subject": "admin@acme.example"},
    "connector netsuite": {"account": "123456", "algorithm": "PS256"},
    "desk jira": {"api_version": "2"},
    "desk servicenow": {"username": "rollcall", "client_id": None, "client_secret": None},
    "desk email": {
        "smtp_host": "127.0.0.1",
        "imap_host": "127.0.0.1",
        "smtp_port": "{port}",
        "imap_port": "{port}",
        "from": "rollcall@acme.example",
        "answer_domains": "acme.example",
        "username": "rollcall",
        "imap_username": "rollcall",
        "auth": None,
    },
    "source csv": {"path": "nobody.csv"},
    "source yaml": {"path": "nobody.yml"},
    "source json": {"path": "nobody.json"},
    "source sql": {"query": "SELECT 1 AS id"},
    "source ldap": {"url": "ldap://{host}", "bind_dn": "cn=x,dc=acme", "base": "dc=acme"},
    "source rest": {"list": {"path": "/users", "items": "users"}},
    "source workday": {"report": "{url}/ccx/service/customreport2/acme/isu/People"},
    "source adp": {"certificate": "adp.pem"},
    "source okta": {"client_id": None, "private_key": None, "key_id": None},
}


class Given(t.NamedTuple):
    """A connection, the secrets in it by option, and the secrets that the class or their names say are needed."""

    connection: dict[str, t.Any]
    secrets: dict[str, str]
    expected: frozenset[str]


def holds_secret(name: str, need: str) -> bool:
    return need == "secret" or (SECRET.fullmatch(name) is not None and name not in PUBLIC)


def given(place: str, options: t.Mapping[str, str], url: str) -> Given:
    """Return the connection of ``place`` ("connector slack"), which leads to ``url``."""
    host = url.partition("://")[2]
    own = OWN.get(place, {})
    connection: dict[str, t.Any] = {}
    secrets: dict[str, str] = {}
    for name, need in options.items():
        if holds_secret(name, need) and not (name in own and own[name] is None):
            secrets[name], connection[name] = _secret(place, name, url, host)
        elif name in own:
            connection[name] = _filled(own[name], url, host)
        elif name in WAIT:
            connection[name] = WAIT[name]
        elif ADDRESS.fullmatch(name):
            connection[name] = url
        elif name == "headers":
            secrets[name] = plain_canary(f"{place} {name}")
            connection[name] = {"X-Own": secrets[name]}
        elif need == "required":
            connection[name] = "acme"
    if "auth" in options and "auth" not in own and "token" not in secrets:
        secrets["auth"] = canary(f"{place} auth")
        oauth2 = {"token_url": f"{url}/token", "client_id": "rollcall", "client_secret": secrets["auth"]}
        connection["auth"] = {"oauth2": oauth2}
    left_out = {name for name, value in own.items() if value is None}
    expected = {name for name, need in options.items() if holds_secret(name, need)} - left_out
    connection = {name: value for name, value in connection.items() if value is not None}
    return Given(connection, secrets, frozenset(expected))


def _filled(value: t.Any, url: str, host: str) -> t.Any:
    if value == "{port}":
        return int(host.rpartition(":")[2])
    return value.replace("{url}", url).replace("{host}", host) if isinstance(value, str) else value


def _secret(place: str, name: str, url: str, host: str) -> tuple[str, t.Any]:
    """Return a secret, and the option that holds it in the form that it has to have."""
    if name == "url" and ("sql" in place):
        secret = plain_canary(f"{place} {name}")
        scheme = "mysql" if "mysql" in place else "postgresql"
        return secret, f"{scheme}://rollcall:{secret}@{host}/acme"
    if name == "private_key":
        return private_key(), "adp.key" if place == "source adp" else private_key()
    if name == "credentials":
        key = {
            "type": "service_account",
            "client_email": "rollcall@acme.example",
            "private_key": private_key(),
            "private_key_id": "1",
            "token_uri": f"{url}/token",
        }
        return private_key(), json.dumps(key)
    secret = canary(f"{place} {name}")
    return secret, secret


def prepare(folder: pathlib.Path) -> None:
    """Make the files that options name."""
    (folder / "adp.key").write_text(private_key())
    (folder / "adp.pem").write_text(certificate())
