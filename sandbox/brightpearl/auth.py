"""Who may call: private system apps, staff apps, OAuth apps. A refusal is a string, not a list."""

from collections.abc import Callable

from sandbox.brightpearl import reference
from sandbox.kit.routing import Call

NOT_AUTHENTICATED = "Not authenticated. You must provide a valid authentication token."
EXPIRED = "Authorization token expired"


def refusal(call: Call, is_good: Callable[[str], bool]) -> str | None:
    """The text of the 401 (a wrong token is echoed, as observed), or None for a known caller."""
    headers = call.headers
    if call.tenant != reference.ACCOUNT_CODE or headers.get("brightpearl-app-ref") is None:
        return NOT_AUTHENTICATED
    bearer = headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        return None if is_good(bearer.removeprefix("Bearer ")) else EXPIRED
    known_app = headers["brightpearl-app-ref"] == reference.APP_REF
    tokens = (
        ("brightpearl-account-token", reference.ACCOUNT_TOKEN),
        ("brightpearl-staff-token", reference.STAFF_TOKEN),
    )
    for name, expected in tokens:
        sent = headers.get(name)
        if sent is not None:
            return None if known_app and sent == expected else f"Invalid instance token: {sent}"
    return NOT_AUTHENTICATED
