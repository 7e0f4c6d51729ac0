# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry, the app without an interface, and what each connector says it can do."""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import App, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError, Refused, Unsupported
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey

MODULE = "ansible_collections.rollcall.access.plugins.module_utils.connectors.registry"
GOOD = {"base_url": "https://crm.acme.example/scim/v2", "token": "canary-token-value"}


def scim(**options: t.Any) -> t.Any:
    app = App("crm", connector="scim", entitlements={"g": Entitlement("g", "group", "G")})
    return registry.build(app, {**GOOD, **options})


def test_every_connector_is_built_by_its_own_name() -> None:
    for name in registry.known():
        assert registry.connector_class(name).name == name


def test_an_unknown_connector_is_named_with_what_is_near() -> None:
    with pytest.raises(PolicyError, match=r"app crm: there is no connector 'skim'.*Did you mean scim\?"):
        registry.build(App("crm", connector="skim"), {})


def test_an_unknown_option_is_named_with_what_is_near() -> None:
    with pytest.raises(PolicyError, match=r"no option 'page_sise'.*Did you mean page_size\?"):
        scim(page_sise=5)


@pytest.mark.parametrize("missing", ["base_url", "token"])
def test_a_needed_option_that_is_missing_or_empty_is_named(missing: str) -> None:
    with pytest.raises(PolicyError, match=f"needs {missing}, which is empty"):
        scim(**{missing: ""})
    options = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(PolicyError, match=f"needs {missing}, which is missing"):
        registry.build(App("crm", connector="scim"), options)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://crm.acme.example"},
        {"base_url": "https://u:canary-token-value@crm.acme.example"},
        {"token": "canary-token-value\nx"},
        {"token": ["canary-token-value"]},
        {"headers": "canary-token-value"},
        {"read_timeout": "canary-token-value"},
    ],
)
def test_a_connection_that_cannot_be_used_names_the_app_and_shows_no_secret(options: dict[str, t.Any]) -> None:
    with pytest.raises(PolicyError, match="app crm, connection") as caught:
        scim(**options)
    assert "canary" not in str(caught.value) + repr(caught.value.__cause__)


def test_nothing_that_can_be_printed_shows_the_token() -> None:
    connector = scim()
    assert "canary" not in repr(connector) + repr(connector._session) + repr(connector.app)


def test_a_line_break_at_the_end_of_a_token_does_no_harm() -> None:
    scim(token="canary-token-value\n")


def test_what_deleting_means_decides_whether_it_is_on_offer() -> None:
    one = Account("crm", "1", username="a")
    assert scim().can("delete")
    assert scim(delete_means="purge").can("delete")
    only_deactivates = scim(delete_means="deactivate")
    assert not only_deactivates.can("delete")
    assert only_deactivates.can("suspend")
    with pytest.raises(Unsupported, match="app crm, delete a: deleting only deactivates"):
        only_deactivates.delete(one)


def test_an_app_where_inactive_means_deleted_cannot_suspend() -> None:
    connector = scim(suspend=False)
    assert not connector.can("suspend")
    assert not connector.can("reactivate")
    with pytest.raises(Unsupported, match="no suspended state"):
        connector.suspend(Account("crm", "1", username="a"))


def test_an_app_without_groups_cannot_grant_one() -> None:
    connector = scim(groups=False)
    with pytest.raises(Unsupported, match=r"app crm, grant g to a: .* that is a group"):
        connector.grant(Account("crm", "1", username="a"), connector.app.entitlements["g"])


def test_nothing_but_known_attributes_is_updated() -> None:
    with pytest.raises(Unsupported, match="desk cannot be changed"):
        scim().update(Account("crm", "1", username="a"), {"desk": "4"})


def test_an_operation_that_no_connector_has_is_on_offer_nowhere() -> None:
    assert not scim().can("transfer")
    assert not scim().can("accounts")


def test_an_app_without_an_interface_says_where_its_knowledge_is() -> None:
    connector = registry.build(App("paper"), {})
    assert connector.reads is False
    assert connector.operations() == frozenset()
    with pytest.raises(Unsupported, match=r"app paper, accounts: .*comes from the ledger"):
        connector.accounts()
    with pytest.raises(Unsupported, match="app paper, find a"):
        connector.find(AccountKey(username="a"))


def test_the_capability_table_says_what_the_classes_do() -> None:
    rows = {row["connector"]: row for row in registry.capabilities()}
    assert set(rows) == set(registry.known())
    assert rows["scim"]["operations"] == ["create", "update", "grant", "revoke", "suspend", "reactivate", "delete"]
    assert (rows["file"]["operations"], rows["none"]["operations"]) == ([], [])
    assert (rows["none"]["reads"], rows["file"]["reads"], rows["scim"]["reads"]) == (False, True, True)
    assert registry.connection_options()["scim"]["token"] == "secret"
    assert all(row["summary"] for row in rows.values())


def test_control_characters_of_a_name_do_not_reach_a_message() -> None:
    connector = scim(base_url="http://127.0.0.1:1", read_attempts=1)
    with pytest.raises(Exception, match="find a") as caught:
        connector.find(AccountKey(username="a\nfatal: all is well\x1b[2J"))
    assert not isinstance(caught.value, Refused)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_asking_what_there_is_loads_nothing_heavy() -> None:
    code = (
        f"import sys; from {MODULE} import capabilities; capabilities(); "
        "print([m for m in ('requests', 'urllib3', 'sqlalchemy', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
