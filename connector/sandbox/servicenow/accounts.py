"""Who may log in, with which roles, and the tokens given out.

The users the sandbox ships (password = user name; it listens on the loopback only):

    admin       everything
    accord      the integration user with all rights Accord can use, making tables included
    accord_min  as little as can do: reads tickets and audit, writes its own records, makes no tables
    no_audit    as accord, but may not read the audit
    reader      reads tickets, writes nothing
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.servicenow import dates

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

ROLES = {
    "admin": ("admin",),
    "accord": ("itil", "audit_viewer", "personalize_dictionary", "accord_integration"),
    "accord_min": ("accord_integration", "audit_viewer"),
    "no_audit": ("itil", "personalize_dictionary", "accord_integration"),
    "reader": ("snc_read_only",),
}
CLIENT_ID, CLIENT_SECRET = "accord-client", "accord-secret"
REFRESH_LIFE_S = 8_640_000


@dataclass(frozen=True, slots=True)
class Caller:
    """A logged-in user."""

    name: str
    sys_id: str
    roles: frozenset[str]
    zone: str = ""

    def has(self, *roles: str) -> bool:
        return "admin" in self.roles or not self.roles.isdisjoint(roles)


@dataclass(slots=True)
class Token:
    user: str
    expires: int
    refresh: str = ""


@dataclass(slots=True)
class Accounts:
    """Passwords and tokens; people and roles themselves are rows of the instance."""

    instance: Instance
    passwords: dict[str, str] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=lambda: {CLIENT_ID: CLIENT_SECRET})
    client_user: str = "accord"
    _access: dict[str, Token] = field(default_factory=dict)
    _refresh: dict[str, Token] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, roles in ROLES.items():
            self.add(name, name, roles)

    def add(self, name: str, password: str, roles: tuple[str, ...]) -> None:
        """A user who can log in. The user record is made unless there is one of that name."""
        self.passwords[name], self.roles[name] = password, roles
        users = self.instance.tables["sys_user"]
        if name in users.uniques["user_name"]:
            return
        label = name.replace("_", " ").title()
        user_id = self._put("sys_user", name, {"user_name": name, "name": label, "active": "true"})
        for role in roles:
            role_id = self._put("sys_user_role", role, {"name": role})
            grant = {"user": user_id, "role": role_id, "state": "active", "inherited": "false"}
            self._put("sys_user_has_role", f"{name}.{role}", grant)

    def _put(self, table: str, subject: str, fields: dict[str, str]) -> str:
        sys_id = self.instance.world.chance.identifier(table, subject)
        if sys_id not in self.instance.tables[table].rows:
            now = self.instance.now_text()
            stamps = {"sys_id": sys_id, "sys_created_on": now, "sys_updated_on": now, "sys_mod_count": "0"}
            self.instance.put(self.instance.tables[table], fields | stamps)
        return sys_id

    def caller(self, name: str) -> Caller:
        users = self.instance.tables["sys_user"]
        row = users.rows[users.uniques["user_name"][name]]
        roles = frozenset(self.roles.get(name, ()))
        return Caller(name, row[0], roles, row[users.at["time_zone"]])

    def authenticate(self, authorization: str) -> Caller | None:
        """The caller an Authorization header proves, or None."""
        scheme, _, proof = authorization.partition(" ")
        if scheme.lower() == "basic":
            return self._by_password(proof)
        if scheme.lower() == "bearer":
            token = self._access.get(proof.strip())
            if token and token.expires > self.instance.now():
                return self.caller(token.user)
        return None

    def _by_password(self, proof: str) -> Caller | None:
        try:
            name, _, password = b64decode(proof, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return None
        return self.caller(name) if self.knows(name, password) else None

    def knows(self, name: str, password: str) -> bool:
        return name in self.passwords and self.passwords[name] == password

    # -- tokens

    def token_for(self, user: str, refresh: str | None) -> tuple[str, Token]:
        """The user's current access token, or a new one. `refresh` None: this grant has no refresh token."""
        now = self.instance.now()
        kind = refresh is not None
        for text, token in self._access.items():
            if token.user == user and token.expires > now and bool(token.refresh) == kind:
                return text, token
        chance = self.instance.world.chance
        text = chance.fresh_identifier() + chance.fresh_identifier()
        kept = refresh or (chance.fresh_identifier() if kind else "")
        token = Token(user, now + self.instance.quirks.token_life_s * 1000, kept)
        self._access[text] = token
        if kept:
            self._refresh.setdefault(kept, Token(user, now + REFRESH_LIFE_S * 1000))
        return text, token

    def by_refresh(self, refresh: str) -> str | None:
        """The user a living refresh token belongs to."""
        token = self._refresh.get(refresh)
        return token.user if token and token.expires > self.instance.now() else None

    def rotated(self, refresh: str) -> str:
        """Another refresh token in place of a living one, and no access token of before."""
        fresh = self.instance.world.chance.fresh_identifier()
        held = self._refresh[fresh] = self._refresh.pop(refresh)
        self._access = {text: token for text, token in self._access.items() if token.user != held.user}
        return fresh

    def expire_tokens(self) -> None:
        """Let every access token be past its time."""
        self._access.clear()

    def asker(self, caller: Caller) -> dates.Asker:
        zone = dates.zone_of(caller.zone)
        return dates.Asker(self.instance.now(), caller.sys_id, caller.name, zone)
