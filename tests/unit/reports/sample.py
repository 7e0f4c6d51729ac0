# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company as the reports' tests want it: 24 people, 8 apps and a bit of everything that can be wrong."""

from __future__ import annotations

import datetime as dt

from ansible_collections.rollcall.access.plugins.module_utils.reports.facts import (
    Access,
    AccountFinding,
    AppFacts,
    Checkpoint,
    Debt,
    Duration,
    EndedTasks,
    EndingException,
    Facts,
    Failure,
    LockInForce,
    OpenTask,
    PersonFacts,
    RequestFacts,
    ReviewerProgress,
    ReviewFacts,
    Revocation,
    RunFacts,
    ServiceLevel,
)
from ansible_collections.rollcall.access.plugins.module_utils.reports.gap_facts import (
    ConflictFacts,
    Gaps,
    Leaver,
    PeerDifference,
    Privilege,
    RiskFacts,
    Unused,
)

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.timezone.utc)

_OPERATIONS = ("create", "update", "grant", "revoke", "suspend", "reactivate", "delete", "end_sessions")

_APPS = (
    ("okta", "Okta", "critical", "scim", "automatic", _OPERATIONS, ("soc2", "identity")),
    ("salesforce", "Salesforce", "critical", "scim", "automatic", _OPERATIONS[:7], ("soc2", "crm")),
    ("github", "GitHub", "critical", "scim", "automatic", ("create", "suspend", "delete"), ("soc2", "engineering")),
    ("slack", "Slack", "standard", "scim", "automatic", _OPERATIONS[:7], ()),
    ("netsuite", "NetSuite", "critical", "file", "read-only", (), ("soc2", "finance")),
    ("hubspot", "HubSpot", "standard", "file", "read-only", (), ("crm",)),
    ("bill-com", "Bill.com", "standard", "none", "manual", (), ("finance",)),
    ("figma", "Figma", "low", "none", "manual", (), ("design",)),
)

_OWNERS = {
    "okta": "it@acme.example",
    "salesforce": "sales.ops@acme.example",
    "github": "platform@acme.example",
    "slack": "it@acme.example",
    "netsuite": "finance.systems@acme.example",
    "hubspot": "marketing.ops@acme.example",
    "bill-com": "finance.systems@acme.example",
    "figma": "design@acme.example",
}

_PEOPLE = (
    ("alex.chen", "Alex Chen", "Sales Engineer", "Sales", "active", "joiner"),
    ("sarah.jones", "Sarah Jones", "Sales Manager", "Sales", "active", "mover"),
    ("mark.oneil", "Mark O'Neil", "Account Executive", "Sales - Enterprise", "left", "leaver"),
    ("noor.haddad", "Noor Haddad", "Account Executive", "Sales - Enterprise", "active", ""),
    ("lea.mueller", "Léa Müller", "Controller", "Finance", "active", ""),
    ("tomas.novak", "Tomáš Novák", "Accounts Payable Specialist", "Finance", "active", "mover"),
    ("priya.raman", "Priya Raman", "Staff Engineer", "Engineering", "active", ""),
    ("jonas.berg", "Jonas Berg", "Engineer", "Engineering", "leave", ""),
    ("ana.costa", "Ana Costa", "Engineer", "Engineering", "future", "joiner"),
    ("wei.zhang", "Wei Zhang", "Site Reliability Engineer", "Engineering", "active", ""),
    ("ivy.thompson", "Ivy Thompson", "Head of People", "People", "active", ""),
    ("omar.farouk", "Omar Farouk", "IT Engineer", "IT", "active", ""),
    ("dana.white", "Dana White", "Designer", "Design", "active", ""),
    ("ken.sato", "Ken Sato", "Designer", "Design", "active", ""),
    ("ruth.adler", "Ruth Adler", "General Counsel", "Legal", "active", ""),
    ("felix.brandt", "Felix Brandt", "Marketing Manager", "Marketing", "active", ""),
    ("mia.larsen", "Mia Larsen", "Content Designer", "Marketing", "active", ""),
    ("yusuf.demir", "Yusuf Demir", "Support Lead", "Support", "active", ""),
    ("chloe.martin", "Chloé Martin", "Support Engineer", "Support", "active", ""),
    ("ben.okafor", "Ben Okafor", "Contract Developer", "Engineering", "left", ""),
    ("greta.holm", "Greta Holm", "Chief Financial Officer", "Finance", "active", ""),
    ("luis.ortega", "Luis Ortega", "Sales Development Representative", "Sales", "active", ""),
    ("nina.petrova", "Nina Petrova", "", "", "active", ""),
    ("sam.reed", "Sam Reed", "Data Analyst", "Engineering", "active", ""),
)

_GIVEN = {
    "Sales": (("salesforce", "user"), ("hubspot", "user")),
    "Sales - Enterprise": (("salesforce", "power-user"), ("hubspot", "user")),
    "Finance": (("netsuite", "accountant"), ("bill-com", "approver")),
    "Engineering": (("github", "write"), ("github", "platform-team")),
    "IT": (("github", "admin"), ("salesforce", "admin")),
    "Design": (("figma", "editor"),),
    "Marketing": (("hubspot", "marketing"), ("figma", "viewer")),
}


def _ago(**how_long: int) -> dt.datetime:
    return NOW - dt.timedelta(**how_long)


def _access(n: int, department: str, status: str) -> tuple[Access, ...]:
    if status in ("future",):
        return ()
    given = (("okta", "everyone"), ("slack", "member"), *_GIVEN.get(department, ()))
    if status == "left":
        given = given[-1:]
    manual = {app[0] for app in _APPS if app[4] == "manual"}
    readable = {app[0] for app in _APPS if app[4] == "read-only"}
    username = _PEOPLE[n][0]
    return tuple(
        Access(
            app=app,
            entitlement=entitlement,
            account=f"{username}@acme.example",
            since=_ago(days=30 + 17 * n),
            because=f"rule {(department or 'all').casefold()}-tools (policy 2.4): what {department or 'all'} work with",
            source="attested" if app in manual else "found" if app in readable else "verified",
            state="suspended" if status == "leave" else "active",
            privileged=entitlement in ("admin", "approver"),
        )
        for app, entitlement in given
    )


def sample() -> Facts:
    """Return the facts of Acme on an ordinary Friday."""
    managers = {"Sales": "Sarah Jones", "Sales - Enterprise": "Sarah Jones", "Engineering": "Priya Raman"}
    progress = {
        "alex.chen": (9, 14),
        "sarah.jones": (5, 6),
        "mark.oneil": (7, 8),
        "tomas.novak": (2, 4),
        "ana.costa": (0, 12),
    }
    people = tuple(
        PersonFacts(
            id=f"E{1000 + n}",
            username=username,
            name=name,
            title=title,
            department=department,
            status=status,
            event=event,
            manager=managers.get(department, "Ivy Thompson"),
            done=progress.get(username, (0, 0))[0],
            due=progress.get(username, (0, 0))[1],
            locked=username == "ben.okafor",
            access=_access(n, department, status),
        )
        for n, (username, name, title, department, status, event) in enumerate(_PEOPLE)
    )
    holders = {app[0]: {p.username for p in people for held in p.access if held.app == app[0]} for app in _APPS}
    orphans = {"netsuite": 2, "hubspot": 1, "github": 1}
    seats: dict[str, tuple[int, float]] = {
        "salesforce": (12, 150.0),
        "hubspot": (8, 45.0),
        "figma": (4, 15.0),
        "github": (20, 21.0),
    }
    apps = tuple(
        AppFacts(
            key=key,
            name=name,
            tier=tier,
            connector=connector,
            owner=_OWNERS[key],
            tags=tags,
            coverage=coverage,
            operations=operations,
            accounts=len(holders[key]) + orphans.get(key, 0) + (key == "okta"),
            managed=len(holders[key]),
            orphans=orphans.get(key, 0),
            protected=int(key == "okta"),
            open_tasks={"bill-com": 3, "netsuite": 2, "figma": 2, "hubspot": 2, "github": 1}.get(key, 0),
            last_read=None if coverage == "manual" else _ago(hours=1 if coverage == "automatic" else 26),
            read_complete=key != "hubspot",
            seats_used=len(holders[key]) + orphans.get(key, 0),
            seats_limit=seats[key][0] if key in seats else None,
            seat_cost=seats[key][1] if key in seats else None,
            currency="EUR" if key in seats else "",
        )
        for key, name, tier, connector, coverage, operations, tags in _APPS
    )
    tasks = (
        ("T-4KQ2", "Give Alex Chen user in HubSpot", "hubspot", "alex.chen", 1, 24, "normal"),
        ("T-7FWD", "Give Alex Chen read, platform-team in GitHub", "github", "alex.chen", 1, 30, "normal"),
        ("T-2MXA", "Give Tomáš Novák approver in Bill.com", "bill-com", "tomas.novak", 4, -40, "normal"),
        ("T-9PLC", "Take accountant in NetSuite from Tomáš Novák", "netsuite", "tomas.novak", 4, -60, "normal"),
        ("T-1BRE", "Suspend Mark O'Neil in HubSpot", "hubspot", "mark.oneil", 0, 5, "emergency"),
        ("T-3SVN", "Suspend Ben Okafor in NetSuite", "netsuite", "ben.okafor", 12, -240, "normal"),
        ("T-5UJY", "Give Ana Costa editor in Figma", "figma", "ana.costa", 0, 48, "normal"),
        ("T-8DHK", "Give Mia Larsen viewer in Figma", "figma", "mia.larsen", 3, 12, "normal"),
        ("T-6ZQB", "Give Greta Holm payer in Bill.com", "bill-com", "greta.holm", 0, 44, "normal"),
        ("T-0GTR", "Delete the account of Ben Okafor in Bill.com", "bill-com", "ben.okafor", 9, -120, "normal"),
    )
    return Facts(
        generated_at=NOW,
        company="Acme",
        tool="rollcall.access 1.0.0",
        policy="2.4",
        commit="9f1c2b7d04e6a8135c9e0f4b2a7d6c8e1f3a5b70",
        chain_count=4812,
        chain_head="7be4c1f09a2d3e5b8c6f1a0d9e4b7c2f5a8d1e3b6c9f0a2d4e7b1c5f8a3d6e90",
        checkpoint=Checkpoint(_ago(hours=9), 4790, "5c0d" * 16, "ops-2026"),
        apps=apps,
        people=people,
        tasks=tuple(
            OpenTask(
                id=id,
                title=title,
                owner=_OWNERS[app],
                person=person,
                app=app,
                opened=_ago(days=age, hours=1),
                due=NOW + dt.timedelta(hours=due),
                overdue=due < 0,
                urgency=urgency,
                age_days=age,
                reference=id.removeprefix("T-") if app == "netsuite" else "",
                desk="helpdesk" if app == "netsuite" else "embedded",
                link=f"https://desk.acme.example/{id}" if app == "netsuite" else "",
                level=1 if due < -200 else 0,
                attention="greta.holm wrote: waiting for the month's end" if id == "T-3SVN" else "",
            )
            for id, title, app, person, age, due, urgency in tasks
        ),
        ended_tasks=(
            EndedTasks("attested", 41, 3),
            EndedTasks("verified", 68, 5),
            EndedTasks("declined", 2),
            EndedTasks("cancelled", 4),
        ),
        revocations=(
            Revocation("ben.okafor", "bill-com", "", "ben.okafor", "delete", "task", _ago(days=9), task="T-0GTR"),
            Revocation("ben.okafor", "netsuite", "", "ben.okafor", "suspend", "task", _ago(days=12), task="T-3SVN"),
            Revocation(
                "sarah.jones",
                "salesforce",
                "user",
                "sarah.jones@acme.example",
                "revoke",
                "unverified",
                _ago(hours=3),
                detail="the app accepted it, but reading it back does not show it",
            ),
            Revocation(
                "tomas.novak", "netsuite", "accountant", "tnovak", "revoke", "task", _ago(days=4), task="T-9PLC"
            ),
        ),
        conflicts=(
            ConflictFacts(
                "tomas.novak",
                "pay-and-approve",
                "Nobody approves what they prepare",
                ("netsuite:accountant", "bill-com:approver"),
                ("rule finance-tools", "exception month-end"),
                _ago(days=4),
            ),
            ConflictFacts(
                "greta.holm",
                "pay-and-approve",
                "Nobody approves what they prepare",
                ("netsuite:accountant", "bill-com:approver"),
                ("rule finance-tools", "rule finance-tools"),
                _ago(days=200),
                "small-team",
                "ruth.adler",
                dt.date(2026, 11, 27),
            ),
        ),
        risks=(
            RiskFacts(
                "small-team",
                "pay-and-approve",
                "greta.holm",
                "ruth.adler",
                "Two people in finance until January; counsel looks at every payment above 1,000",
                dt.date(2026, 9, 1),
                dt.date(2026, 11, 27),
                7,
                "in force",
                1,
                True,
            ),
            RiskFacts(
                "on-call",
                "build-and-run",
                "",
                "priya.raman",
                "Whoever is on call deploys alone at night",
                dt.date(2026, 1, 1),
                dt.date(2026, 6, 30),
                -143,
                "ended",
            ),
        ),
        gaps=Gaps(
            (
                PeerDifference(
                    "ken.sato", "Designer, Design", "extra", "salesforce", "admin", 1, 5, True, "exception audit"
                ),
                PeerDifference("dana.white", "Designer, Design", "missing", "figma", "editor", 4, 5),
            ),
            (
                Privilege("ken.sato", "salesforce", "admin", "ken.sato@acme.example", "unexplained", _ago(days=300)),
                Privilege(
                    "wei.zhang",
                    "github",
                    "admin",
                    "wzhang",
                    "exception night-shift",
                    _ago(days=20),
                    dt.date(2026, 12, 31),
                ),
            ),
            (
                Unused("omar.farouk", "salesforce", "omar.farouk@acme.example", 171, _ago(days=171), ("admin",), True),
                Unused("felix.brandt", "hubspot", "felix.brandt@acme.example", 120, None, ("marketing",)),
            ),
            (
                Leaver("ben.okafor", "Ben Okafor", dt.date(2026, 11, 8), 12, 1, 0, 1, 2, ("bill-com", "netsuite")),
                Leaver("mark.oneil", "Mark O'Neil", None, None, 0, 1, 0, 1, ("hubspot",)),
            ),
            ("bill-com", "figma", "netsuite"),
            3,
        ),
        findings=(
            AccountFinding("orphan", "github", "acme-ci-old", message="It belongs to nobody", last_used=_ago(days=412)),
            AccountFinding(
                "orphan",
                "netsuite",
                "consultant2",
                message="It belongs to nobody",
                todo="Link it to a person, name it under protect, or close it",
            ),
            AccountFinding("orphan", "netsuite", "jsmith", message="It belongs to nobody", last_used=_ago(days=2)),
            AccountFinding("orphan", "hubspot", "intern@acme.example", message="It belongs to nobody"),
            AccountFinding(
                "ambiguous",
                "hubspot",
                "sam@acme.example",
                severity="error",
                message="It fits Sam Reed and Samantha Reed, so it is not touched",
                todo="Say whose it is with a link",
            ),
            AccountFinding(
                "unmanaged",
                "salesforce",
                "omar.farouk@acme.example",
                message="No rule gives admin",
                person="omar.farouk",
            ),
        ),
        exceptions=(
            EndingException(
                "EX-31",
                "wei.zhang",
                "salesforce: power-user",
                dt.date(2026, 9, 1),
                dt.date(2026, 11, 20),
                0,
                "Integration go-live",
                "sarah.jones",
            ),
            EndingException(
                "EX-34",
                "felix.brandt",
                "salesforce: user",
                dt.date(2026, 10, 1),
                dt.date(2026, 11, 27),
                7,
                "Campaign attribution",
                "sarah.jones",
            ),
            EndingException(
                "EX-29",
                "omar.farouk",
                "salesforce: admin",
                dt.date(2026, 7, 1),
                dt.date(2026, 12, 31),
                41,
                "Covers for the administrator on leave until the end of the year",
                "greta.holm",
            ),
        ),
        requests=(
            RequestFacts(
                "RQ-12",
                "wei.zhang",
                "netsuite: accountant",
                "Covers for Greta during the audit",
                "wei.zhang@acme.example",
                _ago(days=2),
                dt.date(2026, 12, 20),
                "waiting",
                ("finance.systems@acme.example",),
                ("approved by sarah.jones@acme.example (manager)",),
            ),
            RequestFacts(
                "RQ-9",
                "alex.chen",
                "figma: editor",
                "New brochure",
                "alex.chen@acme.example",
                _ago(days=9),
                dt.date(2026, 12, 1),
                "refused",
                decided=("refused by design@acme.example (owner)",),
                note="no seat is left",
            ),
        ),
        locks=(
            LockInForce(
                "ben.okafor", "Laptop reported stolen", "omar.farouk", _ago(days=1), NOW + dt.timedelta(days=6)
            ),
        ),
        reviews=(
            ReviewFacts(
                "2026-q4-finance",
                "Finance systems, Q4 2026",
                "open",
                _ago(days=8),
                NOW + dt.timedelta(days=13),
                34,
                21,
                17,
                3,
                1,
                reviewers=(
                    ReviewerProgress("greta.holm@acme.example", 18, 15),
                    ReviewerProgress("finance.systems@acme.example", 10, 6),
                    ReviewerProgress("ivy.thompson@acme.example", 6, 0),
                ),
            ),
            ReviewFacts(
                "2026-q4-privileged",
                "Privileged access, Q4 2026",
                "open",
                _ago(days=20),
                _ago(days=1),
                9,
                7,
                6,
                1,
                0,
                True,
                reviewers=(
                    ReviewerProgress("priya.raman@acme.example", 5, 5),
                    ReviewerProgress("greta.holm@acme.example", 4, 2),
                ),
            ),
            ReviewFacts(
                "2026-q3",
                "Everything, Q3 2026",
                "closed",
                _ago(days=104),
                _ago(days=76),
                82,
                82,
                74,
                6,
                2,
                reviewers=(ReviewerProgress("sarah.jones@acme.example", 82, 82),),
            ),
        ),
        runs=(
            RunFacts("r8", _ago(minutes=55), "reconcile", "awx:nightly (job 4411)", "ok", 6, _ago(minutes=52)),
            RunFacts("r7", _ago(hours=3), "move", "omar.farouk", "failed", 4, _ago(hours=3)),
            RunFacts("r6", _ago(hours=20), "tasks", "awx:hourly (job 4390)", "ok", 0, _ago(hours=20)),
            RunFacts("r5", _ago(days=1), "emergency_offboard", "omar.farouk", "ok", 5, _ago(days=1)),
            RunFacts("r4", _ago(days=1, hours=3), "onboard", "omar.farouk", "ok", 9, _ago(days=1)),
        ),
        durations=(
            Duration("all", "", "provision", 61, 5400.0, 172800.0),
            Duration("all", "", "revoke", 34, 1800.0, 93600.0),
            Duration("app", "github", "provision", 30, 45.0, 320.0),
            Duration("app", "netsuite", "revoke", 6, 90000.0, 1036800.0),
            Duration("owner", _OWNERS["netsuite"], "revoke", 6, 90000.0, 1036800.0),
        ),
        service_levels=(
            ServiceLevel("all", "", 103, 12),
            ServiceLevel("app", "netsuite", 8, 4),
            ServiceLevel("kind", "emergency", 3, 0),
            ServiceLevel("owner", _OWNERS["netsuite"], 8, 4),
        ),
        debt=(Debt(0, 1, 1), Debt(1, 7, 1), Debt(7, 30, 2), Debt(30, None, 0)),
        progress=(
            "Ana Costa: 12 of 14 done; Figma waits for design@acme.example since today",
            "Ben Okafor: 5 of 7 done; NetSuite waits for finance.systems@acme.example since 2026-11-08, late",
        ),
        failures=(
            Failure(
                _ago(hours=3),
                "sarah.jones",
                "github",
                "grant sales-demos",
                "failed",
                "app github, sarah.jones, grant: the team is full (HTTP 422)",
                1,
            ),
        ),
    )


def many(count: int, apps: int = 40) -> Facts:
    """Return a company of ``count`` people with ten grants each in ``apps`` apps."""
    names = ("Anneke", "Georgi", "Saniya", "Mary", "Kyoichi", "Tzvetan", "Duangkaew", "Bezalel", "Parto", "Sumant")
    families = ("Facello", "Simmel", "Bamford", "Koblick", "Maliniak", "Preusig", "Zielinski", "Kalloufi", "Peac")
    catalog = tuple(
        AppFacts(f"app-{n}", f"App {n}", ("critical", "standard", "low")[n % 3], owner=f"owner{n}@acme.example")
        for n in range(apps)
    )
    people = tuple(
        PersonFacts(
            id=str(n),
            username=f"{names[n % 10]}.{families[n % 9]}{n}".casefold(),
            name=f"{names[n % 10]} {families[n % 9]}",
            title=f"Engineer {n % 7}",
            department=f"Department {n % 12}",
            access=tuple(
                Access(
                    app=f"app-{(n * 7 + k) % apps}",
                    entitlement=f"role-{k}",
                    account=f"user{n}@acme.example",
                    since=_ago(days=(n + k) % 900),
                    because=f"rule r-{k} (policy 2.4): reason {k}",
                )
                for k in range(10)
            ),
        )
        for n in range(count)
    )
    return Facts(generated_at=NOW, company="Big", apps=catalog, people=people)
