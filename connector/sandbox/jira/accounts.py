"""Who may log in, how they prove it, and the tokens given out.

The users the sandbox ships (Cloud: e-mail `NAME@example.com`, API token NAME; Data Center: password NAME,
personal access token `NAME-pat`):

    admin       administers the site
    accord      the integration user with all rights Accord can use: an agent who may make fields
    accord_min  an agent without administration
    reader      sees issues, has no agent licence
    expired     a login whose token is past its time

The OAuth app `accord-client` / `accord-secret` acts as `accord`; its first refresh token is `accord-refresh`.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.sandbox.jira.quirks import JiraQuirks
from connector.sandbox.world import World

AGENTS = "jira-servicemanagement-users"
ADMINS = "site-admins"
EVERYONE = "jira-users"
SHIPPED: Mapping[str, tuple[str, ...]] = {
    "admin": (EVERYONE, AGENTS, ADMINS),
    "accord": (EVERYONE, AGENTS, ADMINS),
    "accord_min": (EVERYONE, AGENTS),
    "reader": (EVERYONE,),
    "expired": (EVERYONE, AGENTS),
}
CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH = "accord-client", "accord-secret", "accord-refresh"
OAUTH_USER = "accord"


@dataclass(slots=True)
class Person:
    """A user of the site. `projects` None: may browse all of them."""

    account_id: str
    name: str
    display: str
    email: str
    zone: ZoneInfo
    groups: set[str] = field(default_factory=set)
    kind: str = "atlassian"
    active: bool = True
    projects: frozenset[str] | None = None

    @property
    def agent(self) -> bool:
        return AGENTS in self.groups

    @property
    def admin(self) -> bool:
        return ADMINS in self.groups

    def browses(self, project: str) -> bool:
        return self.projects is None or project in self.projects


@dataclass(frozen=True, slots=True)
class Login:
    """Who calls: nobody where `person` is None. `failed`: something was shown, and did not count."""

    person: Person | None = None
    failed: bool = False
    oauth: bool = False


@dataclass(slots=True)
class Accounts:
    """People, groups, proofs and tokens."""

    world: World
    quirks: JiraQuirks
    people: dict[str, Person] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    scoped: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    _names: dict[str, Person] = field(default_factory=dict)
    _emails: dict[str, Person] = field(default_factory=dict)
    _access: dict[str, tuple[str, int]] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _handed_out: int = 0

    def __post_init__(self) -> None:
        for name, groups in SHIPPED.items():
            self.add(name, name.replace("_", " ").title(), groups=groups, zone=self.quirks.zone)
            if name != "expired":
                self.tokens[name], self.scoped[name] = name, f"{name}-scoped"
        self._refresh[FIRST_REFRESH] = OAUTH_USER

    def add(
        self,
        name: str,
        display: str,
        *,
        groups: tuple[str, ...] = (),
        zone: str = "UTC",
        kind: str = "atlassian",
    ) -> Person:
        """A person of that name; the one who is there already stays as they are."""
        if name in self._names:
            return self._names[name]
        prefix = "qm:" if kind == "customer" else ""
        account = prefix + self.world.chance.identifier("account", name)[:24]
        person = Person(account, name, display, f"{name}@example.com", ZoneInfo(zone), set(groups), kind)
        self.people[account] = self._names[name] = self._emails[person.email] = person
        for group in groups:
            self.group(group)
        return person

    def group(self, name: str) -> str:
        """The id of a group, made if it is not there."""
        if name not in self.groups:
            digits = self.world.chance.identifier("group", name)
            self.groups[name] = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        return self.groups[name]

    def named(self, name: str) -> Person | None:
        return self._names.get(name)

    def members(self, group: str) -> list[Person]:
        return [person for person in self.people.values() if group in person.groups]

    # -- proofs

    def login(self, authorization: str, *, gateway: bool) -> Login:
        """Who an Authorization header proves to be; nothing shown is nobody, and no failure."""
        scheme, _, proof = authorization.partition(" ")
        if not scheme:
            return Login()
        person = None
        if scheme.lower() == "basic":
            person = self._by_password(proof.strip(), gateway)
        elif scheme.lower() == "bearer":
            person = self._by_bearer(proof.strip(), gateway)
        return Login(person, failed=person is None, oauth=scheme.lower() == "bearer" and self.quirks.cloud)

    def _by_password(self, proof: str, gateway: bool) -> Person | None:
        try:
            user, _, secret = b64decode(proof, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return None
        person = self._emails.get(user) if self.quirks.cloud else self._names.get(user)
        if person is None or not person.active:
            return None
        held = (self.scoped if gateway else self.tokens).get(person.name)
        return person if held == secret else None

    def _by_bearer(self, token: str, gateway: bool) -> Person | None:
        if not self.quirks.cloud:
            name = token.removesuffix("-pat")
            return self._names.get(name) if token.endswith("-pat") and name in self.tokens else None
        name, expires = self._access.get(token, ("", 0))
        return self._names.get(name) if gateway and expires > self.world.now() else None

    # -- OAuth

    def refresh(self, token: str) -> tuple[str, str] | None:
        """A new access token and the next refresh token for a refresh token that was not used before."""
        name = self._refresh.pop(token, None)
        if name is None:
            return None
        access, following = self._fresh("access"), self._fresh("refresh")
        self._access[access] = (name, self.world.now() + self.quirks.token_life_s * 1000)
        self._refresh[following] = name
        return access, following

    def _fresh(self, kind: str) -> str:
        self._handed_out += 1
        return self.world.chance.identifier(f"{kind} token", self._handed_out)

    def expire_tokens(self) -> None:
        """Let every access token be past its time."""
        self._access.clear()

    def state(self) -> dict[str, object]:
        """The living tokens, for keeping."""
        return {"access": self._access, "refresh": self._refresh, "count": self._handed_out}

    def restore(self, kept: Mapping[str, object]) -> None:
        access, refresh, count = kept["access"], kept["refresh"], kept["count"]
        assert isinstance(access, dict)
        assert isinstance(refresh, dict)
        assert isinstance(count, int)
        self._access = {token: (name, expires) for token, (name, expires) in access.items()}
        self._refresh, self._handed_out = dict(refresh), count
