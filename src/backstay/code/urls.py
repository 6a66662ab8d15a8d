"""URLs as they may be shown: without user, password, query and fragment."""

from urllib.parse import urlsplit, urlunsplit


def plain_url(url: str) -> str:
    """A URL without what may hold a secret; text that is no URL stays as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url.partition("?")[0].rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))
