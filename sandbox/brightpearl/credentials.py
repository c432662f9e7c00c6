"""Who may call the account: private apps by their tokens, public apps by OAuth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.brightpearl import reference
from sandbox.brightpearl.api import Call
from sandbox.kit.clock import Clock
from sandbox.kit.routing import Reply

NOT_AUTHENTICATED = "Not authenticated. You must provide a valid authentication token."
INVALID = "Invalid instance token"
EXPIRED = "Authorization token expired"
TOKEN_LIFETIME_S = 604_800
AUTHORIZATION_CODE = "sandbox-authorization-code"
"""Good at any time, for any redirect URI."""
WRONG_TOKEN = "The auth token has either expired or does not exist"  # noqa: S105 - a message
WRONG_REDIRECT = "Redirect uri does not match that used to request auth token"
FOUND = 302
AUTHORIZE_PATH = f"/authorize/{reference.ACCOUNT_CODE}"
TOKEN_PATHS = frozenset(
    {
        f"/token/{reference.ACCOUNT_CODE}",
        "/oauth/token",
        f"/{reference.ACCOUNT_CODE}/oauth/token",
    }
)
"""The first is recorded (of the vendor's own host for OAuth), the others are documented."""


@dataclass(slots=True)
class Tokens:
    """The tokens that are good now. `reference.OAUTH_TOKEN` is good from the start, for ever."""

    clock: Clock
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: str = "sandbox-refresh-token/1+="
    issued: int = 1
    codes: dict[str, str] = field(default_factory=dict)
    """The redirect URI of each authorisation code that was given and not used yet."""

    def fault_of(self, token: str) -> str | None:
        """Why a bearer token may not be used, as recorded; None when it may."""
        if token == reference.OAUTH_TOKEN:
            return None
        expires = self.access.get(token)
        if expires is None:
            return f"{INVALID}: {token}"
        return None if expires > self.clock.now() else EXPIRED

    def authorize(self, query: Mapping[str, str]) -> Response:
        """The answer of the authorisation page as if the merchant had agreed: a redirect."""
        if query.get("client_id") != reference.APP_REF or "redirect_uri" not in query:
            return JSONResponse({"error": "invalid_client"}, status_code=400)
        self.issued += 1
        code = f"sandbox-code-{self.issued}"
        self.codes[code] = query["redirect_uri"]
        sent = {"code": code, **({"state": query["state"]} if "state" in query else {})}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(sent)}", FOUND)

    def exchange(self, raw_body: bytes, api_domain: str) -> Reply:
        """The answer of the token endpoint: keys in snake case, no envelope."""
        form = dict(parse_qsl(raw_body.decode("latin-1")))
        if form.get("client_id") != reference.APP_REF:
            return Reply(400, {"error": "invalid_client"})
        wrong = self._wrong_grant(form)
        if wrong is not None:
            return Reply(400, {"error_description": wrong, "error": "invalid_grant"})
        self.issued += 1
        self.refresh = f"sandbox-refresh-token/{self.issued}+="
        access = f"sandbox-access-token/{self.issued}"
        self.access[access] = self.clock.now() + timedelta(seconds=TOKEN_LIFETIME_S)
        body: dict[str, object] = {
            "access_token": access,
            "refresh_token": self.refresh,
            "api_domain": api_domain,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
        }
        if form["grant_type"] == "authorization_code":
            body["installation_instance_id"] = str(reference.OAUTH_INSTANCE_ID)
        return Reply(200, body)

    def _wrong_grant(self, form: Mapping[str, str]) -> str | None:
        """What is wrong with a grant, as recorded; None for a good one. A code is good once."""
        match form.get("grant_type"):
            case "authorization_code" if form.get("code") == AUTHORIZATION_CODE:
                return None
            case "authorization_code" if form.get("code") in self.codes:
                given_for = self.codes.pop(form["code"])
                return None if given_for == form.get("redirect_uri") else WRONG_REDIRECT
            case "refresh_token" if form.get("refresh_token") == self.refresh:
                return None
        return WRONG_TOKEN


def authentication_error(call: Call, oauth: Tokens) -> str | None:
    """The text of the 401 (a wrong token is echoed, as observed), or None for a known caller."""
    headers = call.headers
    if call.tenant != reference.ACCOUNT_CODE or headers.get("brightpearl-app-ref") is None:
        return NOT_AUTHENTICATED
    bearer = headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        return oauth.fault_of(bearer.removeprefix("Bearer "))
    known_app = headers["brightpearl-app-ref"] == reference.APP_REF
    tokens = (
        ("brightpearl-account-token", reference.ACCOUNT_TOKEN),
        ("brightpearl-staff-token", reference.STAFF_TOKEN),
    )
    for name, expected in tokens:
        sent = headers.get(name)
        if sent is not None:
            return None if known_app and sent == expected else f"{INVALID}: {sent}"
    return NOT_AUTHENTICATED
