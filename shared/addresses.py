"""Which addresses of the Internet this program may be sent to by a name that somebody has written down. Pure."""

from ipaddress import IPv6Address, IPv6Network, ip_address

_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))
"""IPv6 addresses that stand for an IPv4 one, which may be a private one."""


def is_public(address: str) -> bool:
    """Whether an IP address is one that the whole Internet reaches. Anything else is somebody's inside, perhaps ours."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.is_site_local or any(found in network for network in _TRANSLATED):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved
