# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every connector, by the word that the catalog uses for it: where its class is. It is imported when it is asked for.

Only the controller comes here, where the whole collection is. A module that is sent to another host imports its one
connector by a plain import statement, because that is what Ansible looks for to know what to send along.
"""

from __future__ import annotations

import difflib
import importlib
import typing as t

from ..errors import PolicyError
from ..model import is_module_name
from ..protocols.shaping import Problem
from .contract import OPERATIONS, App, Connector
from .own_module import ModuleConnector

# word -> (module below connectors/, class)
_CONNECTORS: t.Mapping[str, tuple[str, str]] = {
    # without and with little interface
    "none": ("none", "NoneConnector"),
    "file": ("file", "FileConnector"),
    # engines
    "rest": ("rest", "RestConnector"),
    "scim": ("scim", "ScimConnector"),
    "browser": ("browser", "BrowserConnector"),
    "ldap": ("ldap", "LdapConnector"),
    "sql": ("sql", "SqlConnector"),
    # products
    "pagerduty": ("products.pagerduty", "PagerDuty"),
    "zendesk": ("products.zendesk", "Zendesk"),
    "zoom": ("products.zoom", "Zoom"),
    "tailscale": ("products.tailscale", "Tailscale"),
    "bill_com": ("products.bill_com", "BillCom"),
    "expensify": ("products.expensify", "Expensify"),
    "hubspot": ("products.hubspot", "HubSpot"),
    "datadog": ("products.datadog", "Datadog"),
    "slack": ("products.slack", "Slack"),
    "figma": ("products.figma", "Figma"),
    "notion": ("products.notion", "Notion"),
    "atlassian": ("products.atlassian", "Atlassian"),
    "canva": ("products.canva", "Canva"),
    "monday": ("products.monday", "Monday"),
    "calendly": ("products.calendly", "Calendly"),
    "loom": ("products.loom", "Loom"),
    "zammad": ("products.zammad", "Zammad"),
    "request_tracker": ("products.request_tracker", "RequestTracker"),
    "github": ("products.github", "GitHub"),
    "github_emu": ("products.github_emu", "GitHubEmu"),
    "gong": ("products.gong", "Gong"),
    "zoominfo": ("products.zoominfo", "ZoomInfo"),
    "linkedin_sales_navigator": ("products.linkedin_sales_navigator", "LinkedInSalesNavigator"),
    "gainsight": ("products.gainsight", "Gainsight"),
    "intercom": ("products.intercom", "Intercom"),
    "aws_identity_center_scim": ("products.aws_identity_center_scim", "AwsIdentityCenterScim"),
    "mysql": ("products.mysql", "MySql"),
    "postgresql": ("products.postgresql", "PostgreSql"),
    "active_directory": ("products.active_directory", "ActiveDirectory"),
    "aws_iam": ("products.aws_iam", "AwsIam"),
    "okta": ("products.okta", "Okta"),
    "salesforce": ("products.salesforce", "Salesforce"),
    "servicenow": ("products.servicenow", "ServiceNow"),
    "netsuite": ("products.netsuite", "NetSuite"),
    "adobe": ("products.adobe", "Adobe"),
    "entra": ("products.entra", "Entra"),
    "google_workspace": ("products.google_workspace", "GoogleWorkspace"),
    "aws_identity_center": ("products.aws_identity_center", "AwsIdentityCenter"),
}


def known() -> tuple[str, ...]:
    """Return every word that ``connector:`` may have, besides a module by its full name."""
    return tuple(_CONNECTORS)


def connector_class(name: str, *, where: str = "") -> type[Connector]:
    """Return the class of a connector. Raises PolicyError, with what is near, for one that does not exist."""
    if is_module_name(name):
        return ModuleConnector
    if name not in _CONNECTORS:
        raise PolicyError(
            f"there is no connector {name!r}", where=where, todo=_suggestion(name, sorted(_CONNECTORS), "connectors")
        )
    module, class_name = _CONNECTORS[name]
    found: type[Connector] = getattr(importlib.import_module(f".{module}", __package__), class_name)
    return found


class ConnectionOptions(t.Mapping[str, t.Mapping[str, str]]):
    """For each connector, the options of ``connection``: name -> required, optional or secret. A connector is loaded
    when it is asked for, because a company has thirty apps of a handful of connectors."""

    def __getitem__(self, name: str) -> t.Mapping[str, str]:
        if name not in _CONNECTORS:
            raise KeyError(name)
        return connector_class(name).options

    def __iter__(self) -> t.Iterator[str]:
        return iter(_CONNECTORS)

    def __len__(self) -> int:
        return len(_CONNECTORS)


def connection_options() -> ConnectionOptions:
    """Return the options of every connector."""
    return ConnectionOptions()


def connection_problems(name: str, connection: t.Mapping[str, t.Any]) -> list[Problem]:
    """Return what is wrong with the ``connection`` of a connector, beyond unknown and missing options."""
    return connector_class(name).problems(connection)


def build(app: App, connection: t.Mapping[str, t.Any]) -> Connector:
    """Return the connector of an app. ``connection`` has its templates resolved; names with ``_`` are the caller's.

    Raises PolicyError for a connector or an option that does not exist, and for one that is missing or empty.
    Nothing is contacted yet.
    """
    where = f"app {app.key}"
    kind = connector_class(app.connector, where=where)
    for name in () if kind is ModuleConnector else connection:  # what a module takes, it says itself
        if not name.startswith("_") and name not in kind.options:
            todo = _suggestion(name, sorted(kind.options), "options")
            raise PolicyError(f"connector {kind.name} has no option {name!r}", where=f"{where}, connection", todo=todo)
    for name, need in kind.options.items():
        if need != "optional" and connection.get(name) in (None, "", {}, []):
            secret = need == "secret"
            raise PolicyError(
                f"connector {kind.name} needs {name}, which is {'empty' if name in connection else 'missing'}",
                where=f"{where}, connection",
                todo="Take it from the vault or the environment, and see that it is defined there" if secret else "",
            )
    return kind(app, connection)


def reads(app: App) -> bool:
    """Return whether an app is read, as far as its connection tells without being used.

    Most connectors read every app or none; one whose ``connection`` may leave reading out has ``reads_for``.
    """
    kind = connector_class(app.connector)
    asked: t.Callable[[t.Mapping[str, t.Any]], bool] | None = getattr(kind, "reads_for", None)
    return kind.reads if asked is None else asked(app.connection)


def capabilities() -> list[dict[str, t.Any]]:
    """Return one row per connector: name, what it is, whether it reads, what it can do, the options it takes."""
    rows = []
    for name in _CONNECTORS:
        kind = connector_class(name)
        rows.append(
            {
                "connector": name,
                "summary": (kind.__doc__ or "").strip().partition("\n")[0],
                "reads": kind.reads,
                "operations": [operation for operation in OPERATIONS if operation in kind.operations()],
                "options": dict(kind.options),
            }
        )
    return rows


def _suggestion(word: str, words: t.Sequence[str], what: str) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    there = f"The {what} are {', '.join(words)}" if words else f"It takes no {what}"
    return f"Did you mean {near[0]}? {there}" if near else there
