"""One choke point per system: what an answer means, and that nothing secret gets into an error."""

import json

import httpx
import pytest

from connectors import budget
from connectors.brightpearl.messages import set_status
from connectors.http import USER_AGENT
from core.errors import (
    BrokenAnswerError,
    ConfigError,
    ContractError,
    FaultError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from tests.connectors.conftest import BC_TOKEN, BP_TOKEN, Script, bigcommerce, brightpearl

HTML = {"content-type": "text/html"}
THROTTLED = {"response": "You have sent too many requests. Please wait before sending another"}


def coded(code: str) -> dict[str, object]:
    return {"errors": [{"code": code, "message": "The filter cannot be parsed"}]}


def read_store(script: Script):
    return bigcommerce(script).list_transactions("7")


def write_store(script: Script):
    return bigcommerce(script).update_order("7", status_id=9)


def read_list_of_store(script: Script):
    return list(bigcommerce(script).list_shipments("7"))


def read_account(script: Script):
    return brightpearl(script).get_sales_orders(["7"])


def write_account(script: Script):
    (outcome,) = brightpearl(script).send([set_status("s", "7", 3)]).values()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def error_of(call, reply):
    budget._budgets.clear()  # noqa: SLF001 - no pause after an earlier call
    script = Script(reply)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the callers check the class
        call(script)
    assert len(script.requests) == 1, "each request is sent once"
    return caught.value


def kind_of(call, reply):
    return type(error_of(call, reply))


@pytest.mark.parametrize(
    ("status", "read", "written"),
    [
        (400, RejectedError, RejectedError),
        (401, ConfigError, ConfigError),
        (403, ConfigError, ConfigError),
        (404, NotFoundError, NotFoundError),
        (408, TransientError, OutcomeUnknownError),
        (409, RejectedError, RejectedError),
        (413, RejectedError, RejectedError),
        (422, RejectedError, RejectedError),
        (423, TransientError, TransientError),
        (429, TransientError, TransientError),
        (499, TransientError, OutcomeUnknownError),
        (500, TransientError, OutcomeUnknownError),
        (501, RejectedError, RejectedError),
        (502, TransientError, OutcomeUnknownError),
        (503, TransientError, OutcomeUnknownError),
        (504, TransientError, OutcomeUnknownError),
        (507, RejectedError, RejectedError),
        (524, TransientError, OutcomeUnknownError),
        (301, ContractError, ContractError),
    ],
)
def test_each_status_of_bigcommerce_has_one_meaning(status, read, written):
    page = httpx.Response(status, html="<h1>oops</h1>")

    assert kind_of(read_store, page) is read
    assert kind_of(write_store, page) is written


@pytest.mark.parametrize(
    ("status", "body", "read", "written"),
    [
        (400, coded("ORDC-024"), RejectedError, RejectedError),
        (401, {"response": f"Invalid instance token: {BP_TOKEN}"}, ConfigError, ConfigError),
        (403, coded("CMNC-403"), ConfigError, ConfigError),
        (404, coded("CMNC-404"), NotFoundError, NotFoundError),
        (412, coded("PRDC-100"), RejectedError, RejectedError),
        (429, THROTTLED, TransientError, TransientError),
        (500, coded("CMNC-018"), RejectedError, RejectedError),
        (500, coded("ORDB-001"), RejectedError, RejectedError),
        (499, {}, TransientError, OutcomeUnknownError),
        (500, coded("CMNU-003"), FaultError, OutcomeUnknownError),
        (500, {}, FaultError, OutcomeUnknownError),
        (500, {"errors": 5}, FaultError, OutcomeUnknownError),
        (500, coded("E1"), FaultError, OutcomeUnknownError),
        (503, THROTTLED, TransientError, TransientError),
        (503, {"response": "down for maintenance"}, FaultError, OutcomeUnknownError),
        (302, {}, ContractError, ContractError),
    ],
)
def test_each_status_of_brightpearl_has_one_meaning(status, body, read, written):
    reply = httpx.Response(status, json=body)

    assert kind_of(read_account, reply) is read
    assert kind_of(write_account, reply) is written


@pytest.mark.parametrize("status", [502, 504])
def test_a_page_of_html_from_in_between_is_brightpearls_outage(status):
    reply = httpx.Response(status, html="<h1>Bad gateway</h1>")

    assert kind_of(read_account, reply) is FaultError
    assert kind_of(write_account, reply) is OutcomeUnknownError


@pytest.mark.parametrize("call", [read_store, read_account])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ReadTimeout, TransientError),
        (httpx.RemoteProtocolError, FaultError),
        (httpx.ReadError, FaultError),
    ],
)
def test_a_read_without_an_answer_may_be_tried_again(call, fault, kind):
    assert kind_of(call, fault("gone")) is kind


@pytest.mark.parametrize("call", [write_store, write_account])
@pytest.mark.parametrize("fault", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError])
def test_a_write_without_an_answer_may_have_arrived(call, fault):
    assert kind_of(call, fault("gone")) is OutcomeUnknownError


@pytest.mark.parametrize("call", [write_store, write_account])
@pytest.mark.parametrize("fault", [httpx.ConnectError, httpx.ConnectTimeout])
def test_a_write_that_never_left_is_simply_tried_again(call, fault):
    assert kind_of(call, fault("refused")) is TransientError


@pytest.mark.parametrize("fault", [httpx.UnsupportedProtocol, httpx.LocalProtocolError])
def test_a_request_that_cannot_be_sent_is_a_wrong_setting(fault):
    assert kind_of(write_store, fault("no scheme")) is ConfigError


@pytest.mark.parametrize("call", [read_store, read_list_of_store, read_account])
@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200),
        httpx.Response(200, json=None),
        httpx.Response(200, html="<h1>Welcome</h1>"),
        httpx.Response(200, content=b"{", headers={"content-type": "application/json"}),
        httpx.Response(200, json={"something": "else"}),
        httpx.Response(200, json={"data": {}, "response": {}}),
        httpx.Response(200, json=["x"]),
    ],
)
def test_a_good_answer_of_another_shape_breaks_the_contract_and_is_read_again(call, reply):
    assert kind_of(call, reply) is BrokenAnswerError


@pytest.mark.parametrize("call", [read_store, read_list_of_store])
def test_only_an_answer_that_says_so_is_an_empty_list(call):
    budget._budgets.clear()  # noqa: SLF001 - no pause after an earlier call
    assert call(Script(httpx.Response(204))) == []


@pytest.mark.parametrize("call", [read_store, write_store, read_account, write_account])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 502, 503])
def test_no_error_holds_a_token_an_address_or_a_body(call, status):
    secret = f"{BC_TOKEN} {BP_TOKEN} ann@example.com"
    body = {
        "response": f"Invalid instance token: {BP_TOKEN}",
        "title": f"Bad e-mail ann@example.com\n{'a' * 40}",
        "errors": [{"code": "ORDC-001", "message": "no such ann@example.com"}],
        "private": secret,
    }

    error = error_of(call, httpx.Response(status, json=body))

    for part in ("ann@", BC_TOKEN, BP_TOKEN, "a" * 40, "private", "\n"):
        assert part not in str(error)


def test_a_refusal_names_brightpearls_code_and_all_its_reasons():
    body = {
        "errors": [
            {"code": "ORDC-024", "message": "Invalid quantity"},
            {"code": "ORDC-026", "message": "Product name required"},
        ]
    }

    error = error_of(write_account, httpx.Response(400, json=body))

    assert (error.code, error.status) == ("ORDC-024", 400)
    assert "ORDC-024 Invalid quantity; Product name required" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        [{"status": 400, "message": "The field 'x' is not supported by this resource."}],
        {"status": 400, "title": "The field 'x' is not supported by this resource."},
        {"status": 422, "title": "Bad", "errors": {"x": "is not supported by this resource."}},
    ],
)
def test_a_refusal_names_bigcommerces_reason_in_either_form(body):
    error = error_of(write_store, httpx.Response(400, json=body))

    assert "x" in str(error)
    assert "is not supported by this resource." in str(error)


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ({"x-rate-limit-time-reset-ms": "15000"}, None, 15.0),
        ({"x-rate-limit-time-reset-ms": "1500", "x-retry-after": "9"}, None, 9.0),
        ({}, None, None),
    ],
)
def test_a_throttled_store_says_when_to_come_back(headers, body, wait_s):
    error = error_of(read_store, httpx.Response(429, headers=headers, json=body))

    assert error.retry_after_s == wait_s


def test_a_degraded_service_says_when_to_come_back_in_its_body():
    body = {"error": {"code": "SERVICE_DEGRADED", "retry_after_seconds": 30}}

    assert error_of(read_store, httpx.Response(503, json=body)).retry_after_s == 30


def test_a_throttled_account_says_when_the_minute_ends():
    headers = {
        "Brightpearl-Requests-Remaining": "0",
        "Brightpearl-Next-Throttle-Period": "21500",
    }

    error = error_of(read_account, httpx.Response(503, headers=headers, json=THROTTLED))

    assert error.retry_after_s == 21.5


def test_requests_are_counted_by_what_became_of_them():
    script = Script(
        httpx.Response(204, headers={"x-rate-limit-requests-left": "99"}),
        httpx.Response(500),
        httpx.Response(404),
        httpx.ReadTimeout("slow"),
        httpx.Response(429, headers={"x-rate-limit-time-reset-ms": "1"}),
    )
    store = bigcommerce(script)

    store.list_transactions("7")
    for error in (TransientError, NotFoundError, TransientError, TransientError):
        with pytest.raises(error):
            store.list_transactions("7")

    usage = store.usage()
    assert (usage.sent, usage.throttled, usage.failed) == (5, 1, 2)


def test_every_request_says_who_asks_and_carries_the_credentials():
    script = Script(httpx.Response(204))
    read_store(script)
    read_account(account := Script(httpx.Response(200, json={"response": []})))

    store_headers, account_headers = script.requests[0].headers, account.requests[0].headers
    assert store_headers["user-agent"] == account_headers["user-agent"] == USER_AGENT
    assert store_headers["x-auth-token"] == BC_TOKEN
    assert "gzip" in store_headers["accept-encoding"]
    assert account_headers["brightpearl-app-ref"] == "causeway_app"
    assert account_headers["brightpearl-account-token"] == BP_TOKEN
    assert "content-type" not in store_headers


def test_a_write_to_the_store_carries_nothing_but_what_was_asked():
    script = Script(httpx.Response(200, json={"id": 250}))

    bigcommerce(script).update_order("250", status_id=9, external_order_id="100001")

    (request,) = script.requests
    assert (request.method, request.url.path) == ("PUT", "/stores/sandbox/v2/orders/250")
    assert json.loads(request.content) == {"status_id": 9, "external_order_id": "100001"}


@pytest.mark.parametrize("body", [{}, [], None, "done", {"id": 251}])
def test_an_order_that_an_answer_does_not_show_may_not_be_changed(body):
    script = Script(httpx.Response(200, json=body))

    with pytest.raises(OutcomeUnknownError, match=r"PUT /v2/orders/250 "):
        bigcommerce(script).update_order("250", status_id=9)


def test_an_update_with_nothing_is_not_sent():
    with pytest.raises(ValueError, match="nothing"):
        bigcommerce(Script(httpx.Response(200))).update_order("250")


def test_the_other_sides_clock_is_read_from_the_answer_when_it_says_it():
    reply = httpx.Response(
        200, json={"response": []}, headers={"date": "Wed, 10 Jan 2018 21:05:30 GMT"}
    )
    silent = httpx.Response(200, json={"response": []}, headers={"date": "now"})

    assert brightpearl(Script(reply)).get_server_time().isoformat() == "2018-01-10T21:05:30+00:00"
    assert brightpearl(Script(silent)).get_server_time() is None


def test_a_message_alone_is_sent_direct_and_a_failure_of_transport_is_raised():
    script = Script(httpx.ReadTimeout("slow"))

    with pytest.raises(OutcomeUnknownError):
        brightpearl(script).send([set_status("s", "7", 3)])

    assert script.requests[0].url.path == "/public-api/sandbox/order-service/order/7/status"
