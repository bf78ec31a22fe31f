"""How a session begins: with a password, or with a token of the company's own identity provider.

Either way it is made sure that the session is with the Vault that was meant: one that cannot be reached lets the user
silently into another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from connectors.vault.answer import VOICE, Answer, Refused
from mdm.connector import Context, Door, Options, SessionExpired
from mdm.errors import ConfigError, DamagedError, DeniedError, SourceError


def needed(where: str, options: Options) -> None:
    """Refuse options that no session can be begun with."""
    if options["recorded"]:
        return
    oauth = options["oauth_profile"] is not None
    missing = [name for name in ("base_url", *(() if oauth else ("username", "password"))) if not options[name]]
    if missing:
        raise ConfigError(f"{where}: option {missing[0]!r} is missing; set it (or `recorded`)")
    if oauth and not options["token"] and not all(options[name] for name in ("token_url", "client_id", "client_secret")):
        raise ConfigError(
            f"{where}: `oauth_profile` needs `token`, or `token_url` with `client_id` and `client_secret`; set them"
        )
    if not oauth and (stray := [name for name in ("token", "token_url", "client_secret") if options[name]]):
        raise ConfigError(f"{where}: {stray[0]!r} says how to log in by OAuth, but not where; set `oauth_profile` too")


@dataclass(frozen=True)
class Login:
    """Begins sessions with one Vault, as one user."""

    door: Door
    options: Options = field(repr=False)

    @property
    def context(self) -> Context:
        """The world the door stands in."""
        return self.door.context

    def session(self) -> str:
        """The id of a new session with the right Vault."""
        try:
            answer = self._by_token() if self.options["oauth_profile"] is not None else self._by_password()
        except (Refused, SessionExpired) as error:
            # Whatever a login is refused for, trying again could lock the account.
            raise DeniedError(f"{error}. The login was not tried again; correct the credentials") from None
        session_id = answer.get("sessionId")
        if not isinstance(session_id, str) or not session_id:
            raise DamagedError(f"source {self.door.source!r}: the login was answered without a session; check base_url")
        self.context.secrets.remember(session_id)
        self._same_vault(answer)
        return session_id

    def _by_password(self) -> Answer:
        options = self.options
        password = self.context.secrets.reveal(options["password"]) if options["password"] else ""
        form = {"username": options["username"], "password": password}
        if options["vault_dns"]:
            form["vaultDNS"] = options["vault_dns"]
        return self.door.ask("POST", f"/api/{options['version']}/auth", self._answered, data=form)

    def _by_token(self) -> Answer:
        options = self.options
        token = self.context.secrets.reveal(options["token"]) if options["token"] else self._token()
        form = {"vaultDNS": options["vault_dns"] or urlsplit(self.door.base).hostname or ""}
        if options["client_id"]:
            form["client_id"] = options["client_id"]
        door = Door(
            self.door.source, options["login_url"], self.context, self._complaint, self.door.heed, http=_like(self.door.http)
        )
        link = f"/auth/oauth/session/{quote(options['oauth_profile'], safe='')}"
        return door.ask("POST", link, self._answered, credentials={"Authorization": f"Bearer {token}"}, data=form)

    def _token(self) -> str:
        """An access token for this client, from the identity provider."""
        options, secrets = self.options, self.context.secrets
        form = {
            "grant_type": "client_credentials",
            "client_id": options["client_id"],
            "client_secret": secrets.reveal(options["client_secret"]),
        }
        if options["scope"]:
            form["scope"] = options["scope"]
        door = Door(self.door.source, options["token_url"], self.context, self._no_token)
        answer = door.ask("POST", options["token_url"], _json, data=form)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise DamagedError(f"source {self.door.source!r}: token_url answered without an access_token; check token_url")
        return secrets.remember(token)

    def _no_token(self, response: requests.Response) -> SourceError | None:
        if response.status_code not in (400, 401, 403):
            return None
        reason = _json(response).get("error", f"HTTP {response.status_code}")
        text = self.context.secrets.redact(str(reason))[:100]
        return DeniedError(f"source {self.door.source!r}: no token was given ({text}); correct client_id and client_secret")

    def _answered(self, response: requests.Response) -> Answer:
        return VOICE.answered(self.door.source, self.context.secrets, response)

    def _complaint(self, response: requests.Response) -> SourceError | None:
        return VOICE.complaint(self.door.source, self.context.secrets, response)

    def _same_vault(self, answer: Mapping[str, Any]) -> None:
        got = str(answer.get("vaultId", ""))
        url = next((str(v.get("url", "")) for v in answer.get("vaultIds") or [] if str(v.get("id")) == got), "")
        host = (urlsplit(url).hostname or "").lower()
        wanted_id = self.options["vault_id"]
        wanted = self.options["vault_dns"] or urlsplit(self.door.base).hostname
        if (wanted_id and str(wanted_id) != got) or (host and wanted and host != wanted.lower()):
            raise DeniedError(
                f"source {self.door.source!r}: logged in to Vault {got} ({host}), not to {wanted_id or wanted}; nothing was read. "
                "The Vault that was meant may be down, or vault_dns is wrong"
            )
        if not host and not wanted_id:
            raise DeniedError(
                f"source {self.door.source!r}: the login does not say which Vault it is for; set vault_id, so that it can be checked"
            )


def _like(session: requests.Session) -> requests.Session:
    """A session of its own with the same headers."""
    made = requests.Session()
    made.headers.update(session.headers)
    return made


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except (requests.JSONDecodeError, UnicodeDecodeError):
        return {}
    return answer if isinstance(answer, dict) else {}
