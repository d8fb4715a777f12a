"""Lets nothing in or out: each point tried from outside, over real sockets where the network is meant."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import NotAllowed, NotReachable, Wrong
from connector.platforms.pagesize import PageSize
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.pages import named, page
from connector.sandbox.servicenow.query import parse
from connector.world import World
from connector.yamldoc import MAX_BYTES, read_file
from tests.platforms.site import source_config

PAGE = json.dumps({"result": [{"sys_id": "1"}]}).encode()


@dataclass
class Heard:
    """What a server was asked, and by which header it was to be let in."""

    requests: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)


@contextmanager
def listening(
    heard: Heard, context: ssl.SSLContext | None = None, **headers: str
) -> Iterator[tuple[str, int]]:
    """A server on this machine that answers everything with a page."""

    class Handler(BaseHTTPRequestHandler):
        more: ClassVar[dict[str, str]] = headers

        def do_GET(self) -> None:
            heard.requests.append(self.path)
            heard.logins.append(self.headers.get("Authorization"))
            self.send_response(int(self.more.get("status", 200)))
            for name, value in self.more.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield "localhost", server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def client_of(url: str, world: World | None = None, **settings: Any) -> Client:
    return Client(replace(source_config(), url=url, **settings), world or World(environ=ENVIRON))


ENVIRON = {"SN_PASSWORD": "accord"}


def ask(client: Client) -> Any:
    return client.rows("incident", "", ["sys_id"], limit=10).result


# ------------------------------------------------------------------------------------- where logins go


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_login_does_not_follow_a_redirect_to_another_server(status: int) -> None:
    here, there = Heard(), Heard()
    with (
        listening(there) as (host, port),
        listening(here, status=str(status), Location=f"http://{host}:{port}/") as (own, own_port),
        pytest.raises(NotAllowed, match="redirects are not followed"),
    ):
        ask(client_of(f"http://{own}:{own_port}"))
    assert len(here.requests) == 1
    assert there.requests == []


def test_a_login_does_not_follow_a_link_to_another_server() -> None:
    """The platform names the next page's address; it is never asked as it stands."""
    here, there = Heard(), Heard()
    with listening(there) as (host, port):
        link = f'<http://{host}:{port}/api/now/table/incident?sysparm_offset=10>;rel="next"'
        with listening(here, Link=link) as (own, own_port):
            client = client_of(f"http://{own}:{own_port}")
            assert page(client, "incident", "", ["sys_id"], PageSize(1)) == ([{"sys_id": "1"}], False)
    assert here.logins
    assert all(here.logins)
    assert there.requests == []


# ------------------------------------------------------------------------------------- TLS and proxies


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that nobody vouches for, and its key."""
    if which("openssl") is None:
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    crt, key = folder / "own.pem", folder / "own.key"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", *made, "-days", "2", *subject, "-keyout", str(key), "-out", str(crt)]
    subprocess.run(command, check=True, capture_output=True)
    return crt, key


def serving(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_certificate_nobody_vouches_for_is_refused_with_the_mend(certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    with (
        listening(heard, serving(certificate)) as (host, port),
        pytest.raises(NotReachable, match=r"certificate could not be verified.*ca_bundle"),
    ):
        ask(client_of(f"https://{host}:{port}"))
    assert heard.logins == []


def test_the_surroundings_cannot_switch_verification_off(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    heard = Heard()
    with listening(heard, serving(certificate)) as (host, port), pytest.raises(NotReachable):
        ask(client_of(f"https://{host}:{port}"))
    assert heard.logins == []


def test_a_private_authority_is_believed_where_it_is_configured(certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    with listening(heard, serving(certificate)) as (host, port):
        assert ask(client_of(f"https://{host}:{port}", ca_bundle=certificate[0])) == [{"sys_id": "1"}]
        with pytest.raises(NotReachable, match="certificate"):  # a right authority, another name
            ask(client_of(f"https://127.0.0.1:{port}", ca_bundle=certificate[0]))
    assert len(heard.logins) == 1


def test_a_configured_proxy_is_taken_and_one_of_the_surroundings_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy, stray = Heard(), Heard()
    with listening(proxy) as (host, port), listening(stray) as (other, other_port):
        monkeypatch.setenv("http_proxy", f"http://{other}:{other_port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://{other}:{other_port}")
        assert ask(client_of("http://acme.invalid", proxy=f"http://{host}:{port}"))
        with pytest.raises(NotReachable):
            ask(client_of("http://acme.invalid"))
    assert all(one.startswith("http://acme.invalid/") for one in proxy.requests)
    assert stray.requests == []


def test_a_netrc_gives_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login stranger password strange\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    heard = Heard()
    with listening(heard) as (host, port):
        World().session().get(f"http://{host}:{port}/")
    assert heard.logins == [None]


# --------------------------------------------------------------------------------- what goes into questions


HOSTILE = st.text(st.sampled_from("^,=@<>!()'\" \n\rNQORDERBYabc123%&#;\\"), min_size=1, max_size=30)


@given(values=st.lists(HOSTILE, min_size=1, max_size=5))
def test_no_value_adds_a_condition_to_a_query(values: list[str]) -> None:
    """Whatever an id or a key looks like: a query holds the conditions we wrote, and no OR beside them."""
    asked: list[str] = []

    class Listening:
        source = source_config()

        class world:  # noqa: N801 (it stands for one)
            monotonic = staticmethod(lambda: 0.0)

        def rows(self, _table: str, query: str, *_: Any, **__: Any) -> Any:
            asked.append(query)
            raise NotAllowed("heard")

    is_asked = any(not set(value) & set("^,\n\r") for value in values)
    with pytest.raises(NotAllowed) if is_asked else nullcontext():
        list(named(Listening(), "incident", "number", values, ["sys_id"], "active=true"))  # type: ignore[arg-type]
    for query in asked:
        parsed = parse(query)
        assert query.count("^") == query.count("^active=true") + query.count("^ORDERBYsys_id")
        assert "^NQ" not in query
        assert parsed is not None


# ------------------------------------------------------------------------------------- what comes in as YAML


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (lambda: bomb(9), "too large or too deep"),
        (lambda: "a: " + "[" * 60 + "]" * 60, "too large or too deep"),
        (lambda: "[" * 5_000, "too deep|not YAML|nested"),
        (lambda: "a: &a [*a]", "too large or too deep|not YAML"),
        (lambda: "a: !!python/object/apply:os.system ['id']", "the tag .* is not allowed"),
        (lambda: "a: !!python/name:os.system x", "the tag .* is not allowed"),
        (lambda: "a: !include /etc/passwd", "the tag .* is not allowed"),
        (lambda: "a: " + "x" * (MAX_BYTES + 1), "large"),
    ],
    ids=["bomb", "deep", "very deep", "circle", "apply", "name", "include", "large"],
)
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, written: Callable[[], str], told: str) -> None:
    (tmp_path / "rules.yaml").write_text(written())
    with pytest.raises(Wrong, match=told):
        read_file(tmp_path / "rules.yaml")


# ------------------------------------------------------------------------------------- secrets


def test_a_platform_that_repeats_our_password_does_not_get_it_into_words() -> None:
    """Error bodies of proxies and platforms are quoted to people: without what let us in."""
    words = "it said: user accord with password correct-horse-1 is unknown"
    assert "correct-horse-1" in str(NotAllowed(words)), "nobody knows yet that this is a secret"
    source = source_config()
    source.auth.reveal("password", World(environ={"SN_PASSWORD": "correct-horse-1"}))
    assert "correct-horse-1" not in str(NotAllowed(words))
    assert "correct-horse-1" not in repr(source)
    assert "correct-horse-1" not in repr(client_of("https://acme.invalid").login)
