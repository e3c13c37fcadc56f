"""Where a webhook may go. An address typed by a person must not become a way into our own network."""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from notify.channels.base import BadAddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
# What Python of today calls global or not private, and yet is no public host (shared address space, protocol assignments).
_NEVER_PUBLIC = tuple(ipaddress.ip_network(net) for net in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"))


def parse(address: str) -> SplitResult:
    """An http(s) URL with a host and without a user in it. Raises BadAddress."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise BadAddress("not a URL") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None or port == 0:
        raise BadAddress("a webhook is an http(s) URL without a user name")
    if not address.isprintable() or " " in address or not address.isascii():
        raise BadAddress("the URL has characters that a URL does not have")
    return parts


def port_of(parts: SplitResult) -> int:
    """The port, stated or usual."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def resolve(host: str, port: int) -> str:
    """One address of the host that we may connect to; the caller connects to exactly this one (no second look-up).

    Raises BadAddress when there is none, OSError when the name does not resolve.
    """
    for _family, _type, _proto, _name, endpoint in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        text = str(endpoint[0])
        if is_allowed(ipaddress.ip_address(text.partition("%")[0])):
            return text
    raise BadAddress("this network may not be reached from here (WEBHOOK_NETWORKS)")


def is_allowed(ip: IPAddress) -> bool:
    """Public addresses, and those that the operator named in WEBHOOK_NETWORKS; never link-local, multicast or unspecified ones."""
    ip = _unwrapped(ip)
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    if any(ip in ipaddress.ip_network(network) for network in settings.WEBHOOK_NETWORKS if ipaddress.ip_network(network).version == ip.version):
        return True
    return ip.is_global and not ip.is_reserved and not any(ip in network for network in _NEVER_PUBLIC if network.version == ip.version)


def _unwrapped(ip: IPAddress) -> IPAddress:
    """The IPv4 address inside a mapped, NAT64 or 6to4 one."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip in _SIX_TO_FOUR:
            return ipaddress.IPv4Address((int(ip) >> 80) & 0xFFFFFFFF)
    return ip
