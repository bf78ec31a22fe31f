"""An S3-style store, asked at one address: no redirect is followed, and nothing is looked for on this machine."""

import logging
from typing import Any
from urllib.parse import urlsplit

from connectors.files.borrowed import library, secret
from mdm.connector import Context, Options, loopback
from mdm.errors import ConfigError, DamagedError

TIMEOUT = 60
# Their loggers show whole requests.
_TALKATIVE = ("botocore", "aiobotocore", "s3fs", "fsspec")
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")


def connected(context: Context, options: Options, bucket: str) -> Any:
    """The store as a file system."""
    endpoint = _endpoint(options["endpoint_url"])
    _discreet()
    key = secret(context, options, "access_key")
    system = library("s3fs").S3FileSystem(
        # Without a key the bucket must be public: nothing is looked for on this machine.
        anon=key is None, key=key, secret=secret(context, options, "secret_key"), token=secret(context, options, "session_token"),
        endpoint_url=endpoint, skip_instance_cache=True, use_listings_cache=False,
        client_kwargs={"region_name": options["region"]}, config_kwargs=_manners(endpoint),
    )  # fmt: skip
    system.retries = 1
    home = urlsplit(endpoint).netloc if endpoint else None

    def at_home(request: Any, **_: Any) -> None:
        host = urlsplit(request.url).netloc
        if host != home and (home is not None or not host.endswith(_AMAZON)):
            raise DamagedError(f"s3://{bucket}: points to {host!r}, which is not its own host; it was not followed")

    system.s3.meta.events.register("before-send.s3", at_home)
    return system


def _discreet() -> None:
    """Keep the client's own log from telling keys and tokens, as it does when everything is logged."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))


def _endpoint(url: str | None) -> str | None:
    if url and (urlsplit(url).scheme not in ("https", "http") or "@" in url):
        raise ConfigError("endpoint_url is not an address; write https://<host>")
    if url and urlsplit(url).scheme == "http" and not loopback(url):
        raise ConfigError("endpoint_url would send everything in the clear; write https://<host>")
    return url


def _manners(endpoint: str | None) -> dict[str, Any]:
    """How the client behaves: one try a call, and only where it was sent."""
    session: Any = library("aiobotocore.httpsession").AIOHTTPSession

    class Staying(session):
        """A session that follows no redirect."""

        async def _get_session(self, proxy_url: Any) -> Any:
            return _Still(await super()._get_session(proxy_url))

    return {
        "s3": {"addressing_style": "path" if endpoint else "auto"}, "connect_timeout": TIMEOUT, "read_timeout": TIMEOUT,
        "retries": {"total_max_attempts": 1}, "http_session_cls": Staying,
    }  # fmt: skip


class _Still:
    """A session's `request`, without redirects."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def request(self, *given: Any, **named: Any) -> Any:
        response = await self._session.request(*given, **named, allow_redirects=False)
        if 300 <= response.status < 400 and response.status != 304:
            response.release()
            raise DamagedError(
                "the store points to another address, which was not followed; check endpoint_url, region and the bucket's name"
            )
        return response
