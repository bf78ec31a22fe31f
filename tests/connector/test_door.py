"""The one door of HTTP connectors, against a real server on loopback, and the rows of the hostile input table about it.

| row | tests |
|---|---|
| SSRF in next page links and redirects | `test_a_link_elsewhere_is_not_followed`, `test_a_redirect_is_not_followed` |
| oversized | `test_an_answer_beyond_the_limit_is_left`, `test_a_file_beyond_the_limit_is_left`, `test_a_packed_answer_counts_unpacked` |
| deep JSON, NaN, huge numbers, duplicate keys | `test_an_answer_that_readers_differ_on_is_refused`; of keys: `tests/test_connector.py` |
| log injection | `test_a_name_with_a_line_break_stays_on_its_line` |
| secrets in logs | `test_a_secret_shows_in_no_error_and_no_log`; through the runner: `tests/pipeline/test_pull.py` |
| SQL injection | `tests/landing/test_hostile.py` |
| bombs, traversal, CSV and XLSX, XML | `tests/connectors/test_files_dirty.py`, `tests/connectors/test_odm.py` |
"""

import gzip
import hashlib
import json
import logging
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from mdm.connector import Backoff, Budget, Context, Door
from mdm.connector import door as module
from mdm.errors import ConfigError, DamagedError, DeniedError, MdmError, SourceError, UnavailableError
from tests.fakes.door import Answer, Gatekeeper

BUSY = [
    Answer(b"<html><body>Service Unavailable</body></html>", 503, {"Content-Type": "text/html"}),
    Answer(b'{"half": ', reset=True),
    Answer(b'{"half": ', claimed=500),
    Answer(b"", 502),
    Answer(b"", 408),
]
BUSY_NAMES = ["503 HTML", "reset in mid-body", "wrong content length", "502", "408"]
SECRET = "a-secret-only-for-tests"
Opened = Callable[..., tuple[Door, Gatekeeper]]


@pytest.fixture
def opened():
    """A door onto a server that gives these answers; time is the test's own."""
    keepers: list[Gatekeeper] = []

    def build(*answers: Answer, **more: Any) -> tuple[Door, Gatekeeper]:
        keepers.append(Gatekeeper(*answers).__enter__())
        context = more.pop("context", None) or still()
        return Door("crm", more.pop("base_url", keepers[-1].url), context, **more), keepers[-1]

    yield build
    for keeper in keepers:
        keeper.__exit__()


def still(**more: Any) -> Context:
    """A world whose clock moves only by sleeping; the waits are in `slept`."""
    now = [1_800_000_000.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    context = Context(clock=lambda: now[0], sleep=sleep, random=lambda: 0.0, resolve=lambda reference: SECRET, **more)
    object.__setattr__(context, "slept", slept)
    return context


def asked(door: Door, link: str = "/rows", **more: Any) -> Any:
    return door.ask("GET", link, lambda response: response.json(), **more)


# --- where it goes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.example/rows",
        "//elsewhere.example/rows",
        "https://127.0.0.1:{port}/rows",
        "http://127.0.0.1:{other}/rows",
        "http://127.0.0.1/rows",
        "http://user@127.0.0.1:{port}/rows",
        "http://127.0.0.1:{port}@elsewhere.example/rows",
        "http://elsewhere.example#@127.0.0.1:{port}/rows",
        "http://127.0.0.1:{port}.elsewhere.example/rows",
        "http://127.0.0.1:{port}\\@elsewhere.example/rows",
        "http://localhost:{port}/rows",
        "http://127.0.0.1.:{port}/rows",
        "http://127.1:{port}/rows",
        "http://2130706433:{port}/rows",
        "http://0x7f000001:{port}/rows",
        "http://0177.0.0.1:{port}/rows",
        "http://0:{port}/rows",
        "http://[::1]:{port}/rows",
        "http://[::]:{port}/rows",
        "http://[::ffff:127.0.0.1]:{port}/rows",
        "http://[64:ff9b::7f00:1]:{port}/rows",
        "http://[2002:7f00:1::]:{port}/rows",
        "http://[fe80::1%25lo]:{port}/rows",
        "http://169.254.169.254/latest/meta-data",
        "http://１２７.0.0.1:{port}/rows",
        "file:///etc/hostname",
        "ftp://127.0.0.1:{port}/rows",
        "gopher://127.0.0.1:{port}/rows",
        "http://127.0.0.1:99999/rows",
        "http://[::1/rows",
    ],
)  # fmt: skip
def test_a_link_elsewhere_is_not_followed(opened: Opened, link: str):
    door, keeper = opened()

    with pytest.raises(DamagedError, match="not its own host"):
        asked(door, link.format(port=keeper.port, other=keeper.port + 1), credentials={"Authorization": SECRET})

    assert keeper.requests == []


@pytest.mark.parametrize(
    "link", ["/rows?page=2", "rows?page=2", "?page=2", "http://127.0.0.1:{port}/rows?page=2", "HTTP://127.0.0.1:{port}/rows"]
)
def test_a_link_at_home_is_followed(opened: Opened, link: str):
    door, keeper = opened()

    asked(door, link.format(port=keeper.port))

    assert len(keeper.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("target", "words"),
    [("http://elsewhere.example/rows", "elsewhere.example"), ("/login", "does not redirect"), ("", "does not redirect")],
    ids=["another host", "its own host", "nowhere"],
)
def test_a_redirect_is_not_followed(opened: Opened, status: int, target: str, words: str):
    door, keeper = opened(Answer(b"", status, {"Location": target} if target else {}))

    with pytest.raises(DamagedError, match=words):
        asked(door, credentials={"Authorization": SECRET})

    assert len(keeper.requests) == 1


@pytest.mark.parametrize("base", ["http://127.0.0.1", "http://[::1]:8080", "http://localhost:8080", "https://crm.example"])
def test_credentials_travel_over_tls_or_within_this_machine(base: str):
    assert Door("crm", base, Context()).base == base


@pytest.mark.parametrize(
    "base",
    [
        "http://crm.example", "http://127.0.0.1.crm.example", "http://0177.0.0.1", "http://2130706433", "http://[::ffff:7f00:1]",
        "http://[64:ff9b::7f00:1]", "http://localhost.crm.example", "ftp://crm.example", "crm.example", "https://",
        f"https://user:{SECRET}@crm.example", f"https://:{SECRET}@crm.example", f"user:{SECRET}@crm.example",
    ],
)  # fmt: skip
def test_an_address_that_would_show_credentials_is_refused(base: str):
    with pytest.raises(ConfigError, match="base_url") as caught:
        Door("crm", base, Context())

    assert SECRET not in str(caught.value)


def test_a_netrc_of_this_machine_is_never_used(opened: Opened, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login someone password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    door, keeper = opened()
    # As it is for every address that is not this machine's own.
    door.http.trust_env = True

    asked(door)

    assert "Authorization" not in keeper.requests[0][2]


def test_a_proxy_is_not_asked_about_this_machine(opened: Opened, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    door, keeper = opened()

    asked(door)

    assert len(keeper.requests) == 1


# --- trying again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("busy", BUSY, ids=BUSY_NAMES)
def test_what_passes_is_waited_for(opened: Opened, busy: Answer):
    door, keeper = opened(busy, busy, Answer(b'{"rows": [1]}'))

    assert asked(door) == {"rows": [1]}
    assert len(keeper.requests) == 3


@pytest.mark.parametrize("busy", BUSY, ids=BUSY_NAMES)
def test_patience_ends(opened: Opened, busy: Answer):
    door, keeper = opened(busy, backoff=Backoff(attempts=3))

    with pytest.raises(UnavailableError, match="crm"):
        asked(door)

    assert len(keeper.requests) == 3


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_source_that_names_a_time_is_given_it(opened: Opened, status: int, form: str):
    context = still()
    named = "7" if form == "seconds" else formatdate(context.clock() + 7, usegmt=True)
    door, _ = opened(Answer(b"slow down", status, {"Retry-After": named}), Answer(), context=context)

    asked(door)

    assert context.slept == [7.0]


@pytest.mark.parametrize("named", ["soon", "-5", "nan", "inf", "1e400", ""])
def test_a_time_that_is_none_is_not_waited_for(opened: Opened, named: str):
    context = still()
    door, _ = opened(Answer(b"", 429, {"Retry-After": named}), Answer(), context=context)

    asked(door)

    assert sum(context.slept) <= 1


def test_a_time_beyond_all_patience_is_not_waited_for(opened: Opened):
    context = still()
    door, keeper = opened(Answer(b"", 429, {"Retry-After": "86400"}), context=context)

    with pytest.raises(UnavailableError):
        asked(door)

    assert context.slept == []
    assert len(keeper.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(401, DeniedError), (403, DeniedError), (407, DeniedError), (404, SourceError), (400, SourceError)]
)
def test_what_does_not_pass_is_not_tried_again(opened: Opened, status: int, kind: type[MdmError]):
    door, keeper = opened(Answer(b"no", status))

    with pytest.raises(kind):
        asked(door)

    assert len(keeper.requests) == 1


def test_a_refusal_before_anything_went_well_is_about_the_credentials(opened: Opened):
    door, _ = opened(Answer(b"", 401))

    with pytest.raises(DeniedError) as caught:
        asked(door, credentials={"Authorization": SECRET})

    assert not caught.value.rights


def test_a_refusal_after_something_went_well_is_about_one_thing(opened: Opened):
    door, _ = opened(Answer(), Answer(b"", 403))
    asked(door, credentials={"Authorization": SECRET})

    with pytest.raises(DeniedError) as caught:
        asked(door, "/secret-rows", credentials={"Authorization": SECRET})

    assert caught.value.rights


def test_the_words_of_an_answer_count_more_than_its_status(opened: Opened):
    def complaint(response):
        return DeniedError("the API says no") if b"no" in response.content else None

    door, keeper = opened(Answer(b'"no"', 200), complaint=complaint)

    with pytest.raises(DeniedError, match="the API says no"):
        asked(door)

    assert len(keeper.requests) == 1


def test_the_budget_spaces_the_calls_of_all_doors_that_share_it(opened: Opened):
    context = still(budget=Budget(per_second=2))
    one, _ = opened(context=context)
    two, _ = opened(context=context)

    for door in (one, two, one):
        asked(door)

    assert context.slept == [0.5, 0.5]


# --- bodies -------------------------------------------------------------------------------------------------------


def body_of(door: Door, **more: Any) -> bytes:
    file, _ = door.download("/file", **more)
    with file:
        return file.read()


@pytest.mark.parametrize("busy", BUSY, ids=BUSY_NAMES)
def test_a_file_that_breaks_off_is_asked_for_again_from_its_start(opened: Opened, busy: Answer):
    door, keeper = opened(busy, Answer(b"whole"))

    assert body_of(door) == b"whole"
    assert len(keeper.requests) == 2


def test_a_damaged_file_is_asked_for_again(opened: Opened):
    door, keeper = opened(Answer(b"whale"), Answer(b"whole"))

    assert body_of(door, md5=hashlib.md5(b"whole").hexdigest().upper()) == b"whole"
    assert len(keeper.requests) == 2


def test_a_file_that_stays_damaged_is_not_given_out(opened: Opened):
    door, _ = opened(Answer(b"whale"), backoff=Backoff(attempts=2))

    with pytest.raises(UnavailableError, match="md5"):
        body_of(door, md5=hashlib.md5(b"whole").hexdigest())


def test_a_file_beyond_the_limit_is_left(opened: Opened):
    door, keeper = opened(Answer(b"x" * 5000))

    with pytest.raises(DamagedError, match="larger than 4,999 bytes"):
        body_of(door, largest=4999)

    assert len(keeper.requests) == 1


def test_an_answer_beyond_the_limit_is_left(opened: Opened, monkeypatch):
    monkeypatch.setattr(module, "MOST", 999)
    door, keeper = opened(Answer(json.dumps("x" * 1000).encode()))

    with pytest.raises(DamagedError, match="larger than 999 bytes"):
        asked(door)

    assert len(keeper.requests) == 1


def test_a_packed_answer_counts_unpacked(opened: Opened, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1 << 20)
    door, _ = opened(Answer(gzip.compress(b" " * (8 << 20)), 200, {"Content-Encoding": "gzip"}))

    with pytest.raises(DamagedError, match="larger than"):
        asked(door)


def test_requests_and_bytes_are_counted(opened: Opened):
    door, _ = opened(Answer(b"", 503), Answer(b'{"a": 1}'), Answer(b"12345"))

    asked(door)
    body_of(door)

    assert (door.context.evidence.requests, door.context.evidence.bytes) == (3, 13)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"id": 1, "id": 2}', "'id' stands twice"),
        (b'{"rows": [{"id": "1", "a": {"b": 1, "b": 1}}]}', "'b' stands twice"),
        (b'{"id": NaN}', "NaN is no number"),
        (b'{"id": -Infinity}', "-Infinity is no number"),
        (b'{"id": 1e999}', "the number 1e999 is too large"),
        (b'{"id": ' + b"9" * 5000 + b"}", "thousands of digits"),
        (b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
    ids=["twice", "twice, deep inside", "NaN", "infinity", "huge", "digits", "deep"],
)
def test_an_answer_that_readers_differ_on_is_refused(opened: Opened, body: bytes, words: str):
    door, keeper = opened(Answer(body, 200, {"Content-Type": "application/json"}))

    with pytest.raises(DamagedError, match=words):
        asked(door)

    assert len(keeper.requests) == 1


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + b'{"a": 1.5}', b'{"a": 1.5}', '{"a": 1.5}'.encode("utf-16")])
def test_a_good_answer_is_read_as_it_stands(opened: Opened, body: bytes):
    door, _ = opened(Answer(body))

    assert asked(door) == {"a": 1.5}


# --- what shows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer(SECRET.encode(), 500), Answer(SECRET.encode(), 401), Answer(SECRET.encode(), 302, {"Location": f"http://elsewhere.example/?{SECRET}"}), Answer(b"{", reset=True), Answer(b'{"half', claimed=99)])  # fmt: skip
def test_a_secret_shows_in_no_error_and_no_log(opened: Opened, caplog, answer: Answer):
    import traceback

    door, _ = opened(answer, backoff=Backoff(attempts=2))
    secret = door.context.secrets.reveal("env:SECRET")

    with caplog.at_level(logging.DEBUG), pytest.raises(MdmError) as caught:
        door.ask(
            "POST",
            f"/rows?token={secret}",
            lambda response: response.json(),
            credentials={"X-Token": secret},
            data={"password": secret},
        )

    shown = "".join(traceback.format_exception(caught.value)) + repr(door) + repr(door.context)
    # urllib3 tells at debug level what is asked for: a secret in an address would be seen there.
    logged = " ".join(str(vars(record)) for record in caplog.records if not record.name.startswith("urllib3"))
    assert SECRET not in shown + logged


def test_nobody_at_home_is_unavailable_and_shows_nothing():
    keeper = Gatekeeper()
    url = keeper.url
    keeper._server.server_close()
    door = Door("crm", url, still(), backoff=Backoff(attempts=1))

    with pytest.raises(UnavailableError, match="no answer") as caught:
        asked(door, f"/rows?token={SECRET}")

    assert SECRET not in str(caught.value)


def test_a_name_with_a_line_break_stays_on_its_line(opened: Opened, caplog):
    door, _ = opened(Answer(b"", 503), Answer())
    door.source = "crm\nforged line"

    with caplog.at_level(logging.DEBUG):
        asked(door)

    assert all("\n" not in record.getMessage() for record in caplog.records)
    with pytest.raises(DamagedError) as caught:
        asked(door, "http://else\nwhere.example/\nforged")
    assert "\n" not in str(caught.value)


def test_waiting_takes_no_time_in_a_test(opened: Opened):
    door, _ = opened(Answer(b"", 429, {"Retry-After": "60"}), Answer())
    started = time.monotonic()

    asked(door)

    assert time.monotonic() - started < 5
