"""An S3-style store on loopback: as much of ListObjectsV2, HeadObject and GetObject as a reader asks for."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class S3:
    """One bucket; `denies` refuses everybody, `redirects_to` sends everybody elsewhere, `page` is how many keys a list has."""

    objects: dict[str, bytes]
    access_key: str = "AKIAINVENTED000"
    bucket: str = "landing"
    denies: bool = False
    redirects_to: str | None = None
    page: int = 2
    calls: list[str] = field(default_factory=list)
    url: str = ""


def _listed(s3: S3, query: dict[str, list[str]]) -> bytes:
    prefix, mark = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
    start = int(query.get("continuation-token", ["0"])[0])
    under = sorted(key for key in s3.objects if key.startswith(prefix))
    folders = sorted({prefix + key[len(prefix) :].split(mark)[0] + mark for key in under if mark and mark in key[len(prefix) :]})
    flat = [key for key in under if not any(key.startswith(folder) for folder in folders)]
    stop = start + s3.page
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;"
        f"{hashlib.md5(s3.objects[key]).hexdigest()}&quot;</ETag><Size>{len(s3.objects[key])}</Size></Contents>"
        for key in flat[start:stop]
    ) + "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders if not start)
    more = stop < len(flat)
    token = f"<NextContinuationToken>{stop}</NextContinuationToken>" if more else ""
    return (
        f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{s3.bucket}</Name>'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"
    ).encode()


@contextmanager
def serving(objects: dict[str, bytes]) -> Iterator[S3]:
    """The store, for as long as it is needed."""
    s3 = S3(objects)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            s3.calls.append(f"{self.command} {self.path}")
            bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
            if s3.redirects_to:
                return self._answer(307, b"", {"Location": s3.redirects_to + self.path})
            if s3.denies or s3.access_key not in self.headers.get("Authorization", ""):
                return self._answer(403, b"<Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>")
            if not key:
                return self._answer(200, _listed(s3, parse_qs(parts.query)), {"Content-Type": "application/xml"})
            if bucket != s3.bucket or key not in s3.objects:
                return self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")
            body, said = s3.objects[key], self.headers.get("Range", "").removeprefix("bytes=")
            more = {"ETag": f'"{hashlib.md5(body).hexdigest()}"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
            if said:
                first, _, last = said.partition("-")
                stop = min(int(last or len(body) - 1), len(body) - 1)
                more["Content-Range"] = f"bytes {first}-{stop}/{len(body)}"
                return self._answer(206, body[int(first) : stop + 1], more)
            return self._answer(200, body, more)

        do_HEAD = do_GET

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    s3.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield s3
    finally:
        server.shutdown()
        server.server_close()
