"""Tokens of OAuth apps: a refresh gives a new pair, and the old refresh token is worth nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from sandbox.brightpearl import reference
from sandbox.kit.clock import Clock
from sandbox.kit.routing import Reply

LIFETIME_S = 604_800
CODE = "sandbox-authorization-code"


@dataclass(slots=True)
class Tokens:
    """The tokens that are good now. `reference.OAUTH_TOKEN` is good from the start, for ever."""

    clock: Clock
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: str = "sandbox-refresh-token/1+="
    issued: int = 1

    def is_good(self, token: str) -> bool:
        """Whether a bearer token may be used now."""
        expires = self.access.get(token)
        return token == reference.OAUTH_TOKEN or (
            expires is not None and expires > self.clock.now()
        )

    def exchange(self, raw_body: bytes) -> Reply:
        """The answer of the token endpoint: keys in snake case, no envelope."""
        form = dict(parse_qsl(raw_body.decode("latin-1")))
        if form.get("client_id") != reference.APP_REF:
            return Reply(400, {"error": "invalid_client"})
        if not self._is_granted(form):
            text = "The grant is invalid, expired or revoked"
            return Reply(400, {"error": "invalid_grant", "error_description": text})
        self.issued += 1
        self.refresh = f"sandbox-refresh-token/{self.issued}+="
        access = f"sandbox-access-token/{self.issued}"
        self.access[access] = self.clock.now() + timedelta(seconds=LIFETIME_S)
        body: dict[str, object] = {
            "access_token": access,
            "refresh_token": self.refresh,
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
        }
        if form["grant_type"] == "authorization_code":
            body["installation_instance_id"] = str(reference.OAUTH_INSTANCE_ID)
        return Reply(200, body)

    def _is_granted(self, form: Mapping[str, str]) -> bool:
        match form.get("grant_type"):
            case "authorization_code":
                return form.get("code") == CODE
            case "refresh_token":
                return form.get("refresh_token") == self.refresh
        return False
