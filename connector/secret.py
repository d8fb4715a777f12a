"""Secrets are only ever references; what they point at is read when it is needed and never shown.

A reference is `env:NAME`, `file:PATH` or `keyring:SERVICE/USER`. Which settings must be references is decided
by the configuration (`connector/config.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from connector.errors import AccordError, Position, remember_secret, show_anyway
from connector.world import World

SCHEMES = ("env", "file", "keyring")


def is_reference(text: str) -> bool:
    """Whether *text* points at a secret rather than being one."""
    scheme, colon, rest = text.partition(":")
    return scheme in SCHEMES and bool(colon) and bool(rest.strip())


def password_in(address: str) -> str | None:
    """The password that stands in a database's *address*, also where it is no proper address: a mistyped one
    is shown in messages. As it is written there, still quoted."""
    found = _BEFORE_HOST.search(address) or re.search(r"[?&]password=([^&]+)", address)
    return found[1] if found is not None else None


# After the user; not a port with an @ somewhere in the settings behind it.
_BEFORE_HOST = re.compile(r"(?:^|[:/])[^:@/]*:(?!//|\d+/[^@?]*\?)(.+)@")


def without_password(address: str) -> str:
    """*address* as it may be shown; from now on its password is hidden wherever it turns up."""
    written = password_in(address)
    if written is None:
        return address
    remember_secret(written)
    remember_secret(unquote(written))
    return address.replace(written, "***")


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference as written at *place*; `file:` is relative to *base*, the configuration's folder.

    *hidden* is False for what may be read from the same places but is no secret (a user's name).
    """

    reference: str
    place: Position
    base: Path
    hidden: bool = True

    def __repr__(self) -> str:
        return f"Secret({self.reference})"

    def reveal(self, world: World) -> str:
        """What it points at; every later message prints `***` for it. AccordError where nothing is there."""
        scheme, _, rest = self.reference.partition(":")
        value = self._read(scheme, rest.strip(), world)
        if not value:
            raise self._error(f"{self.reference} is empty")
        (remember_secret if self.hidden else show_anyway)(value)
        return value

    def _read(self, scheme: str, name: str, world: World) -> str:
        if scheme == "env":
            return self._from_environment(name, world)
        return self._from_file(name) if scheme == "file" else self._from_keyring(name)

    def _from_environment(self, name: str, world: World) -> str:
        value = world.environ.get(name)
        if value is None:
            raise self._error(
                f"the environment variable {name} is not set", f"export {name}=… before the run"
            )
        return value

    def _from_file(self, name: str) -> str:
        path = self.base / Path(name).expanduser()
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise self._error(f"the secret file {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self._error(f"the secret file {path} is not text") from None

    def _from_keyring(self, name: str) -> str:
        service, _, user = name.rpartition("/")
        try:
            import keyring
        except ImportError:
            mend = "install it: pip install 'accord-slm[keyring]'"
            raise self._error("the keyring library is not installed", mend) from None
        value: str | None = keyring.get_password(service, user)
        if value is None:
            mend = f"store it: keyring set {service} {user}"
            raise self._error(f"the keyring holds no password of {user!r} for {service!r}", mend)
        return value

    def _error(self, what: str, hint: str | None = None) -> AccordError:
        return AccordError(what, hint=hint, place=self.place)
