"""The ways out: what carries effects to people and platforms.

`platform` carries everything that belongs on a platform; notices may take another. One that is not shipped is
found in the entry-point group `accord.channels`: a callable that takes the settings of `notify:`, the world
and what knows people's addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from connector.channels.mail import PORTS, STARTTLS, Addresses, Mail, Server
from connector.channels.port import Channel
from connector.channels.webhook import Webhook
from connector.config import NotifyConfig, revealed
from connector.errors import AccordError
from connector.platforms.port import Platform
from connector.world import World

__all__ = ["Channel", "open_channels"]

GROUP = "accord.channels"
Settings = Mapping[str, str | None]


def open_channels(notify: NotifyConfig, platform: Platform, world: World) -> dict[str, Channel]:
    """The ways out of one source: its platform, and the channel that notices take. Nothing is connected yet.

    Raises AccordError for a channel that nobody provides, and for a secret that is not there.
    """
    channels: dict[str, Channel] = {"platform": platform}
    if notify.channel != "platform":
        settings = {key: revealed(value, world) for key, value in notify.settings.items()}
        channels[notify.channel] = _maker(notify.channel)(settings, world, platform.addresses)
    return channels


def _smtp(settings: Settings, world: World, addresses: Addresses) -> Channel:
    tls = settings.get("tls") or STARTTLS
    if tls not in PORTS:
        raise AccordError(f"`tls: {tls}` is none of {', '.join(PORTS)}", hint="see `notify:`")
    server = Server(
        host=settings["host"] or "",
        sender=settings["from"] or "",
        port=int(settings.get("port") or PORTS[tls]),
        tls=tls,
        user=settings.get("user"),
        password=settings.get("password"),
    )
    return Mail(server, world, addresses)


def _webhook(settings: Settings, world: World, _addresses: Addresses) -> Channel:
    return Webhook(settings["url"] or "", settings.get("secret"), world)


SHIPPED: Mapping[str, Callable[[Settings, World, Addresses], Channel]] = {"smtp": _smtp, "webhook": _webhook}


def _maker(name: str) -> Callable[[Settings, World, Addresses], Channel]:
    if name in SHIPPED:
        return SHIPPED[name]
    for point in entry_points(group=GROUP, name=name):
        maker: Callable[[Settings, World, Addresses], Channel] = point.load()
        return maker
    raise AccordError(f"there is no channel {name!r}", hint=f"known here: platform, {', '.join(SHIPPED)}")
