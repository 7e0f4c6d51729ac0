# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong in a file is said with its line and in words that help."""

from __future__ import annotations

import datetime as dt
import pathlib
import subprocess
import types
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.model import PERSON_FIELDS
from ansible_collections.rollcall.access.plugins.module_utils.policy.commit import git_commit
from ansible_collections.rollcall.access.plugins.module_utils.policy.loading import (
    load_catalog,
    load_exceptions,
    load_locks,
    load_policy,
)

from .conftest import Write

CATALOG = """
    apps:
      github:
        owners: {primary: dev@acme.example}
        entitlements:
          read: {kind: role, rank: 1}
          admin: {kind: role, rank: 2}
      jira:
        entitlements: {user: {}}
    """


def messages(load: t.Callable[[], object], root: pathlib.Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load()
    assert caught.value.findings[0].where == caught.value.where
    return [str(finding).replace(f"{root}/", "") for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app: {}", 'catalog/a.yml:1: unknown key "app". Did you mean "apps"?'),
        ("apps:\n  a: {ownrs: {}}", 'catalog/a.yml:2: unknown key "ownrs". Did you mean "owners"?'),
        ("apps:\n  a:\n    tier: hihg", 'catalog/a.yml:3: "tier" must be one of critical, standard, low; found "hihg"'),
        ("apps:\n  A b: {}", 'catalog/a.yml:2: "A b" cannot be a key; expected lower-case letters, digits, - and _'),
        ("apps:\n  a:", 'catalog/a.yml:2: "a" must be a mapping, found nothing'),
        ("apps: [a]", 'catalog/a.yml:1: "apps" must be a mapping, found a list'),
        ("[a]", "catalog/a.yml:1: this must be a mapping, found a list"),
        ("apps:\n  a:\n    sla: {grant: 2 days}", 'catalog/a.yml:3: "grant" must be a duration such as 30m, 2h'),
        ("apps:\n  a:\n    sla:\n      grant: 2", 'catalog/a.yml:4: "grant" must be a duration such as 30m, 2h'),
        (
            "apps:\n  a: {name: 42}",
            'catalog/a.yml:2: "name" must be a text, found the number 42. Put it in quotes: "42"',
        ),
        ("apps:\n  a: {tags: x}", 'catalog/a.yml:2: "tags" must be a list, found "x". Write it as a list: [x]'),
        ("apps:\n  a: {seats: {limit: -1}}", 'catalog/a.yml:2: "limit" must be at least 0, found the number -1'),
        ("apps:\n  a: {protect: [{account: root}]}", 'catalog/a.yml:2: the key "owner" is missing'),
        ("apps:\n  a: {account_name: '{mail}'}", 'catalog/a.yml:2: "account_name" knows {username}'),
        ("apps:\n  a: {account_name: '{email.__class__}'}", 'catalog/a.yml:2: "account_name" knows'),
        ("apps:\n  a: {account_name: '{email'}", 'catalog/a.yml:2: "account_name" is no template'),
        (
            "apps:\n  a: {words: {create: 'Hand it to {who}'}}",
            'catalog/a.yml:2: "words.create" knows {account}',
        ),
        ("apps:\n  okta: {}\n  a: {behind: otka}", 'catalog/a.yml:3: the app "a" is behind "otka", which the catalog'),
        ("apps:\n  a: {behind: b}\n  b: {behind: a}", "catalog/a.yml:2: apps are behind one another in a circle"),
        ("apps:\n  a: {connector: sicm}", 'catalog/a.yml:2: there is no connector "sicm". Did you mean "scim"?'),
        (
            "apps:\n  a: {connector: a.b}",
            'catalog/a.yml:2: there is no connector "a.b". Expected one of file, none, scim',
        ),
        (
            "apps:\n  a:\n    connector: scim\n    connection: {base_ulr: x, base_url: y, token: z}",
            'catalog/a.yml:4: the connector "scim" has no option "base_ulr". Did you mean "base_url"?',
        ),
        (
            "apps:\n  a:\n    connector: scim\n    connection:\n      base_url: y",
            'catalog/a.yml:4: the connector "scim" needs the option "token". Name a variable: token: "{{ vault_a_to',
        ),
        ("apps:\n  a: {entitlements: {x: {knid: group}}}", 'catalog/a.yml:2: unknown key "knid". Did you mean "kind"?'),
        ("apps:\n  a: {entitlements: {x: {rank: 1}}}", "catalog/a.yml:2: only a role has a rank; this is a group"),
        (
            "apps:\n  a:\n    entitlements:\n      x: {value: V}\n      y: {value: V}",
            'catalog/a.yml:5: the value "group: V" is defined twice; the first time at catalog/a.yml:4',
        ),
        ("apps:\n  a: {}\n  a: {}", 'catalog/a.yml:3: the key "a" is written twice; the first time at catalog/a.yml:2'),
    ],
)
def test_a_wrong_catalog(write: Write, tmp_path: pathlib.Path, text: str, expected: str) -> None:
    directory = write("catalog/a.yml", text + "\n")
    options = {"scim": {"base_url": "required", "token": "secret", "timeout": "optional"}}
    found = messages(
        lambda: load_catalog(directory, known_connectors=["scim", "none", "file"], connection_options=options), tmp_path
    )
    assert found[0].startswith(expected)


def test_a_secret_is_never_shown(write: Write, tmp_path: pathlib.Path) -> None:
    directory = write("catalog/a.yml", "apps:\n  a: {connector: scim, connection: hunter2}\n")
    options = {"scim": {"token": "secret"}}
    assert "hunter2" not in " ".join(messages(lambda: load_catalog(directory, connection_options=options), tmp_path))
    loaded = load_catalog(write("fine/a.yml", "apps:\n  a: {connection: {token: hunter2}}\n"))
    assert "hunter2" not in repr(loaded)


def test_an_app_of_two_files_names_both_places(write: Write, tmp_path: pathlib.Path) -> None:
    write("catalog/a.yml", "apps:\n  jira: {}\n")
    directory = write("catalog/sub/b.yml", "\napps:\n  jira: {}\n").parent
    assert messages(lambda: load_catalog(directory), tmp_path) == [
        'catalog/sub/b.yml:2: the app "jira" is defined twice; the first time at catalog/a.yml:2. '
        "Take one of the two away, or give it another name"
    ]


def test_a_catalog_that_is_not_there_or_empty_is_an_error(tmp_path: pathlib.Path) -> None:
    assert "no such directory" in messages(lambda: load_catalog(tmp_path / "none"), tmp_path)[0]
    (tmp_path / "empty").mkdir()
    assert "no .yml file" in messages(lambda: load_catalog(tmp_path / "empty"), tmp_path)[0]


def test_an_app_has_defaults_and_durations(write: Write) -> None:
    catalog = load_catalog(
        write(
            "catalog/a.yml",
            """
            apps:
              erp:
                connector: none
                leave: {then: delete, delete_after: 2w, transfer: none}
                sla: {revoke: 4h}
                entitlements: {clerk: {}, admin: {kind: role, value: Admin, privileged: true}}
            """,
        ),
        known_connectors=["none"],
    )
    app = catalog.apps["erp"]
    assert (app.name, app.tier, app.account_name) == ("erp", "standard", "{username}")
    assert (app.leave.then, app.leave.delete_after, app.leave.transfer) == ("delete", dt.timedelta(days=14), "")
    assert (app.sla.revoke, app.sla.grant) == (dt.timedelta(hours=4), dt.timedelta(days=2))
    assert app.entitlements["clerk"].value == "clerk"
    assert app.entitlements["admin"].privileged
    assert str(catalog.origins["erp:clerk"]).endswith("a.yml:6")


RULE = 'version: "1"\nrules:\n  - id: a\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules: []", 'policy: the key "version" is missing'),
        ("version: 2.4", 'policy/p.yml:1: "version" must be a text, found the number 2.4. Put it in quotes: "2.4"'),
        (RULE + "    grant: {jira: []}", 'policy/p.yml:3: the key "when" is missing'),
        (RULE + "    when: {}", 'policy/p.yml:3: at least one of the keys "grant", "bundles" is needed'),
        (
            RULE + "    when: {}\n    grants: {}\n    bundles: [b]",
            'policy/p.yml:5: unknown key "grants". Did you mean "gr',
        ),
        (
            RULE + "    when: {}\n    grant: {jria: []}",
            'policy/p.yml:5: the catalog has no app "jria". Did you mean "jira"',
        ),
        (
            RULE + "    when: {}\n    grant:\n      github:\n      - red",
            'policy/p.yml:7: the app "github" has no entitlement "red". Did you mean "read"?',
        ),
        (RULE + "    when: {}\n    grant: {jira: user}", 'policy/p.yml:5: "jira" must be a list, found "user"'),
        (
            RULE + "    when:\n      titel: A\n    grant: {jira: []}",
            'policy/p.yml:5: HR has no attribute "titel". Did you mean "title"?',
        ),
        (
            RULE + "    when: {}\n    unless:\n      any:\n      - {cost_center: A}\n    grant: {jira: []}",
            'policy/p.yml:7: HR has no attribute "cost_center". Did you mean "cost_centre"?',
        ),
        (
            RULE + "    when: {title: {matches: '['}}\n    grant: {jira: []}",
            'policy/p.yml:4: "[" is not a regular expr',
        ),
        (
            RULE + "    when: {}\n    grant: {jira: []}\n  - {id: a, when: {title: x}, grant: {jira: []}}",
            'policy/p.yml:6: the rule "a" is defined twice; the first time at',
        ),
        (
            RULE + "    when: {}\n    bundles:\n    - dve\nbundles: {dev: {jira: []}}",
            'policy/p.yml:6: there is no bundle "dve"',
        ),
        ('version: "1"\nbundles:\n  x:\n    jria: []', 'policy/p.yml:4: the catalog has no app "jria"'),
        (
            'version: "1"\nseparation_of_duties:\n- id: d\n  never_together:\n  - jira:user\n  - github:raed',
            'policy/p.yml:6: the app "github" has no entitlement "raed"',
        ),
        (
            'version: "1"\nseparation_of_duties:\n- {id: d, never_together: ["jira:user"]}',
            'policy/p.yml:3: "never_together" must have at least 2 in it',
        ),
        *(
            (f'version: "1"\nseparation_of_duties:\n- {{id: d, {duty}}}\n{more}', message)
            for duty, more, message in [
                ("why: w", "", 'policy/p.yml:3: at least one of the keys "never_together", "of", "one_of" is needed'),
                ('of: ["jira:user", "github:read"]', "", 'policy/p.yml:3: "of" goes with "at_most", which is missing'),
                ('one_of: ["jira:user"]', "", 'policy/p.yml:3: "one_of" goes with "and_one_of", which is missing'),
                (
                    'at_most: 2, of: ["jira:user", "github:read"]',
                    "",
                    'policy/p.yml:3: the duty "d" can never be broken: it has 2 entitlements and allows 2',
                ),
                (
                    'one_of: ["jira:user", "github:read"], and_one_of: ["jira:user"]',
                    "",
                    'policy/p.yml:3: the duty "d" has jira:user in "one_of" and in "and_one_of"',
                ),
                (
                    'one_of: ["jira:user"], and_one_of: ["github:read"], never_together: ["jira:user", "github:read"]',
                    "",
                    'policy/p.yml:3: the duty "d" has both "never_together" and "one_of"',
                ),
                (
                    'one_of: ["jira:usr"], and_one_of: ["github:read"]',
                    "",
                    'policy/p.yml:3: the app "jira" has no entitlement "usr". Did you mean "user"?',
                ),
                *(
                    ('never_together: ["jira:user", "github:read"]', f"accepted_risks:\n- {{id: r, {risk}}}", message)
                    for risk, message in [
                        (
                            "duty: d, owner: o, reason: w, from: 2026-01-01, until: 2026-02-01",
                            'policy/p.yml:5: at least one of the keys "person", "when" is needed',
                        ),
                        (
                            "duty: d, person: p, owner: o, reason: w, from: 2026-01-01",
                            'policy/p.yml:5: the key "until" is missing',
                        ),
                        (
                            "duty: e, person: p, owner: o, reason: w, from: 2026-01-01, until: 2026-02-01",
                            'policy/p.yml:5: the accepted risk "r" is about the duty "e", which there is not',
                        ),
                        (
                            "duty: d, person: p, owner: o, reason: w, from: 2026-01-01, until: 2027-02-01",
                            'policy/p.yml:5: the accepted risk "r" lasts longer than 366d, from 2026-01-01 until',
                        ),
                        (
                            "duty: d, person: p, owner: o, reason: w, from: 2026-03-01, until: 2026-02-01",
                            'policy/p.yml:5: the accepted risk "r" ends on 2026-02-01, before it begins',
                        ),
                        (
                            "duty: d, person: p, owner: o, reason: w, from: 2026-01-01, until: 2026-02-30",
                            'policy/p.yml:5: "until": there is no day 2026-02-30',
                        ),
                        (
                            "duty: d, person: p, when: {}, owner: o, reason: w, from: 2026-01-01, until: 2026-02-01",
                            'policy/p.yml:5: the accepted risk "r" has both "person" and "when"',
                        ),
                        (
                            "duty: d, when: {tilte: x}, owner: o, reason: w, from: 2026-01-01, until: 2026-02-01",
                            'policy/p.yml:5: HR has no attribute "tilte". Did you mean "title"?',
                        ),
                    ]
                ),
            ]
        ),
        ('version: "1"\ntrees:\n  manager: {a: [b]}', "policy/p.yml:3: the tree of managers comes from HR"),
        ('version: "1"\ntrees:\n  locatoin: {a: [b]}', 'policy/p.yml:3: HR has no attribute "locatoin"'),
        (
            'version: "1"\ntrees:\n  location:\n    a: [b]\n    b: [a]',
            'policy/p.yml:4: in the tree "location", "a" is below itself',
        ),
        # Rules that can never match.
        *(
            (
                RULE + f"    {conditions}\n    grant: {{jira: []}}",
                f'policy/p.yml:3: the rule "a" can never match: {reason}',
            )
            for conditions, reason in [
                ("when: {title: []}", 'the tests of its "when"'),
                ("when: {any: [{title: []}, {department: []}]}", 'the tests of its "when"'),
                ("when: {title: A, all: [{title: B}]}", 'the tests of its "when"'),
                ("when: {title: A, not: {title: [A, B]}}", 'the tests of its "when"'),
                ("when: {title: Alpha, all: [{title: {matches: B.*}}]}", 'the tests of its "when"'),
                ("when: {start: {before: 2026-01-02, after: 2026-01-01}}", 'the tests of its "when"'),
                ("when: {start: {before: 2026-01-01, at_least: 2026-01-01}}", 'the tests of its "when"'),
                ("when: {cost_centre: {at_least: 5, before: 5}}", 'the tests of its "when"'),
                ("when: {title: A}\n    unless: {title: [A, B]}", '"unless" leaves out everybody'),
                ("when: {title: A}\n    unless: {}", '"unless" leaves out everybody'),
            ]
        ),
    ],
)
def test_a_wrong_policy(write: Write, tmp_path: pathlib.Path, text: str, expected: str) -> None:
    catalog = load_catalog(write("catalog/a.yml", CATALOG))
    directory = write("policy/p.yml", text + "\n")
    known = [*PERSON_FIELDS, "cost_centre"]
    found = messages(lambda: load_policy(directory, catalog=catalog, known_attributes=known), tmp_path)
    assert found[0].startswith(expected)


def test_unless_covers_when_through_a_tree_of_another_file(write: Write, tmp_path: pathlib.Path) -> None:
    write("policy/a.yml", 'version: "1"\ntrees: {location: {Europe: [NL], NL: [Amsterdam]}}\n')
    directory = write(
        "policy/b.yml",
        "rules:\n- {id: a, when: {location: Amsterdam}, unless: {location: {under: Europe}}, grant: {x: []}}\n",
    )
    found = messages(lambda: load_policy(directory), tmp_path)
    assert found == [
        'policy/b.yml:2: the rule "a" can never match: "unless" leaves out everybody of whom "when" is true'
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{title: A, department: B}",
        "{title: [A, B], not: {title: A}}",
        "{start: {after: 2026-01-01, before: 2026-01-03}}",
        "{cost_centre: {after: 1, before: 2}}",
        "{any: [{title: A}, {title: []}]}",
        "{manager: a, all: [{manager: b}]}",  # two names of one person
        "{manager: {under: a, not: a}}",  # reports to somebody who reports to a
        "{earlier_emails: a, all: [{earlier_emails: b}]}",
        "{title: {not: A}}",
    ],
)
def test_what_can_match_is_not_refused(write: Write, when: str) -> None:
    directory = write("policy/p.yml", f'version: "1"\nrules:\n- {{id: a, when: {when}, grant: {{x: []}}}}\n')
    assert [rule.id for rule in load_policy(directory).rules] == ["a"]


def test_a_version_in_two_files_names_both_places(write: Write, tmp_path: pathlib.Path) -> None:
    write("policy/a.yml", 'version: "1"\n')
    directory = write("policy/b.yml", 'version: "1"\n')
    assert messages(lambda: load_policy(directory), tmp_path) == [
        'policy/b.yml:1: "version" is defined twice; the first time at policy/a.yml:1. Keep it in one file'
    ]


def test_files_add_up_and_bundles_are_found_across_them(write: Write) -> None:
    catalog = load_catalog(write("catalog/a.yml", CATALOG))
    write("policy/a.yml", 'version: "3"\nrules:\n- {id: r, why: w, when: {}, bundles: [b], grant: {jira: []}}\n')
    directory = write("policy/z.yml", "bundles: {b: {github: [read]}}\n")
    policy = load_policy(directory, catalog=catalog, commit="abc")
    assert (policy.version, policy.commit) == ("3", "abc")
    assert set(policy.rules[0].gives) == {("github", "read"), ("jira", "")}


def test_without_known_attributes_any_attribute_is_taken(write: Write) -> None:
    directory = write("policy/a.yml", 'version: "3"\nrules:\n- {id: r, when: {whatever: x}, grant: {jira: []}}\n')
    assert len(load_policy(directory).rules) == 1


EXCEPTION = "exceptions:\n- person: alex\n  grant: {jira: [user]}\n  reason: r\n  requested_by: a\n  approved_by: b\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EXCEPTION + "  from: 2026-01-01", 'exceptions/e.yml:2: the key "until" is missing'),
        (
            EXCEPTION + "  from: 1.1.2026\n  until: 2026-02-01",
            'exceptions/e.yml:7: "from" must be a day such as 2026-01-31',
        ),
        (
            EXCEPTION + "  from: 2026-02-30\n  until: 2026-03-01",
            'exceptions/e.yml:7: "from": there is no day 2026-02-30',
        ),
        (
            EXCEPTION.replace("user", "usr") + "  from: 2026-01-01\n  until: 2026-02-01",
            'exceptions/e.yml:3: the app "jira" has no entitlement "usr"',
        ),
        ("exceptions:\n- {persn: x}", 'exceptions/e.yml:2: the key "person" is missing'),
    ],
)
def test_a_wrong_exception(write: Write, tmp_path: pathlib.Path, text: str, expected: str) -> None:
    catalog = load_catalog(write("catalog/a.yml", CATALOG))
    directory = write("exceptions/e.yml", text + "\n")
    found = messages(lambda: load_exceptions(directory, catalog=catalog), tmp_path)
    assert any(message.startswith(expected) for message in found)


def test_two_exceptions_of_one_name_need_ids(write: Write, tmp_path: pathlib.Path) -> None:
    one = EXCEPTION + "  from: 2026-01-01\n  until: 2026-02-01\n"
    directory = write("exceptions/e.yml", one + one.removeprefix("exceptions:\n"))
    found = messages(lambda: load_exceptions(directory), tmp_path)
    assert found[0].startswith(
        'exceptions/e.yml:9: the exception "alex-jira-2026-01-01" is defined twice; the first time'
    )
    assert "Give each an `id`" in found[0]


def test_without_directories_there_are_no_exceptions_and_no_locks(tmp_path: pathlib.Path) -> None:
    assert load_exceptions(tmp_path / "none") == ()
    assert load_locks(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("locks:\n- {person: x}", 'locks/l.yml:2: the key "reason" is missing'),
        ("locks:\n- {person: x, reason: y, until: 2026-01-01T10:00}", 'locks/l.yml:2: "until" must be a day such as'),
        ("locks:\n- {person: x, reason: y, until: 2026-13-01}", 'locks/l.yml:2: "until": there is no such time'),
        ("locks:\n- {person: x, reason: y, since: 2026-02-01, until: 2026-01-01}", 'locks/l.yml:2: "until" is before'),
    ],
)
def test_a_wrong_lock(write: Write, tmp_path: pathlib.Path, text: str, expected: str) -> None:
    directory = write("locks/l.yml", text + "\n")
    assert messages(lambda: load_locks(directory), tmp_path)[0].startswith(expected)


def test_a_lock_by_the_day_holds_while_it_is_that_day_anywhere(write: Write) -> None:
    directory = write(
        "locks/l.yml",
        """
        locks:
          - {person: x, reason: y, since: 2026-03-02, until: 2026-03-03}
          - {person: x, reason: y, until: 2026-03-03T18:00+01:00}
          - {person: x, reason: y}
        """,
    )
    days, moment, forever = load_locks(directory)
    assert days.since == dt.datetime(2026, 3, 1, 10, tzinfo=dt.timezone.utc)
    assert days.until == dt.datetime(2026, 3, 4, 12, tzinfo=dt.timezone.utc)
    assert moment.until == dt.datetime(2026, 3, 3, 17, tzinfo=dt.timezone.utc)
    assert (forever.since, forever.until) == (None, None)


def test_what_was_read_cannot_be_changed(write: Write) -> None:
    catalog = load_catalog(write("catalog/a.yml", CATALOG))
    assert isinstance(catalog.apps, types.MappingProxyType)
    assert isinstance(catalog.apps["github"].entitlements, types.MappingProxyType)


def test_the_commit_is_named_and_so_is_what_is_not_committed(tmp_path: pathlib.Path, monkeypatch: t.Any) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit(tmp_path) == ""
    assert git_commit(tmp_path / "nothing") == ""

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=T", "-c", "user.email=t@acme.example", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    assert git_commit(tmp_path) == ""  # no commit yet
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "p.yml").write_text("a: 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert git_commit(tmp_path / "policy") == head
    (tmp_path / "elsewhere.txt").write_text("x")
    assert git_commit(tmp_path / "policy") == head
    (tmp_path / "policy" / "new.yml").write_text("b: 1\n")
    assert git_commit(tmp_path / "policy") == head + "-dirty"
    # Inside a hook of another repository.
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git_commit(tmp_path / "policy") == head + "-dirty"


def test_without_git_there_is_no_commit(tmp_path: pathlib.Path, monkeypatch: t.Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(tmp_path) == ""
