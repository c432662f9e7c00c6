"""Commands against both sandboxes over real HTTP, with flows in a Prefect server of the tests'."""

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from waiting import WITHIN_S, eventually

from cli.engine import run_here
from cli.main import run
from core.errors import TransientError
from core.settings import load_settings
from core.times import utc_now
from sandbox.serve import running
from store.inbox import Dead, Done, Inbox
from tasks.reconciler.connections import disconnect
from tasks.subscriptions import EVENTS, SCOPES

ABSENT = "NOT-IN-BRIGHTPEARL"


@pytest.fixture
def sandbox(database, monkeypatch):  # the pair's settings, pointed at both sandboxes
    with running() as both:
        settings = {
            "BIGCOMMERCE__API_URL": both.bigcommerce_url,
            "BIGCOMMERCE__ACCESS_TOKEN": "sandbox-access-token",
            "BIGCOMMERCE__CLIENT_SECRET": "sandbox-client-secret",
            "BRIGHTPEARL__API_URL": both.brightpearl_url,
            "BRIGHTPEARL__ACCOUNT_TOKEN": "sandbox-account-token",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"CAUSEWAY_{name}", value)
        disconnect()
        yield both
        disconnect()


@pytest.fixture
def sku(sandbox):
    return next(v.sku for v in sandbox.store.variants.values() if v.on_hand > 20)


@pytest.fixture
def place(sandbox):
    def order(*skus, **more):
        basket = {"lines": [{"sku": sku, "name": sku, "price": "5.00"} for sku in skus], **more}
        url = f"{sandbox.bigcommerce_url}/_sandbox/orders"
        answer = httpx.post(url, json=basket, timeout=WITHIN_S)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ids"][0])

    return order


@pytest.fixture
def run_json(capsys):
    def document(line, *, code=0):
        capsys.readouterr()
        assert run([*line.split(), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return document


def registered(sandbox):
    """A customer of the store."""
    url = f"{sandbox.bigcommerce_url}/_sandbox/customers"
    return httpx.post(url, json={"email": "ann@example.com"}, timeout=WITHIN_S).json()


def entered(sandbox):
    """A contact of the account."""
    url = f"{sandbox.brightpearl_url.removesuffix('/public-api')}/_sandbox/contacts"
    body = {"set": {"first_name": "Bob"}}
    return httpx.post(url, json=body, timeout=WITHIN_S).json()


def sales_orders(sandbox):
    return sorted(o.external_ref for o in sandbox.account.orders.values() if o.external_ref)


@pytest.mark.usefixtures("engine")
def test_sync_brings_the_orders_named_and_a_second_time_writes_nothing(
    sandbox, place, sku, run_json
):
    keys = [place(sku), place(sku)]

    found = run_json(f"sync orders --key {' '.join(keys)}")

    assert found["states"] == {"done": 2}
    assert sales_orders(sandbox) == [f"BC-{key}" for key in keys]
    writes = sandbox.brightpearl_requests.writes()
    assert run_json(f"sync orders --key {keys[0]} --key {keys[1]}")["unsettled"] == []
    assert sandbox.brightpearl_requests.writes() == writes


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("settled", [Done("100", "created"), Dead("100", "no such SKU")])
def test_a_sync_whose_keys_a_worker_takes_first_waits_for_it_and_shows_its_result(
    sandbox, place, sku, capsys, database, settled
):
    key = place(sku)
    assert key == settled.key
    inbox = Inbox(database)
    written = []

    def waits():
        return any("waiting for it" in one.err for one in written)

    def work():
        """A worker that has the key before the command's run, and keeps it until that waits."""
        claim = {"owner": "worker", "limit": 1, "lease_s": 60}
        assert eventually(lambda: inbox.claim("default", "orders", now=utc_now(), **claim))
        assert eventually(lambda: written.append(capsys.readouterr()) or waits())
        inbox.settle("default", "orders", "worker", [settled], now=utc_now())

    with ThreadPoolExecutor(1) as thread:
        worker = thread.submit(work)
        assert run(["sync", "orders", "--key", key]) == 0
        worker.result()

    shown = "".join(one.out for one in (*written, capsys.readouterr()))
    assert settled.reason in shown
    assert "Nothing was due" not in shown
    assert sales_orders(sandbox) == []


@pytest.mark.long
@pytest.mark.usefixtures("engine")
def test_sync_since_takes_what_changed(sandbox, place, sku, run_json):
    key = place(sku)
    assert run_json("sync orders --since 1h")["keys"] == 1
    assert sales_orders(sandbox) == [f"BC-{key}"]


def test_a_dry_run_shows_the_plan_and_writes_nothing_without_prefect(
    sandbox, database, place, sku, run_json, monkeypatch
):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    key = place(sku)

    found = run_json(f"sync orders --key {key} --dry-run")

    assert found["preview"][0]["record"] == key
    assert found["preview"][0]["outcome"] == "created"
    assert sales_orders(sandbox) == []
    assert sandbox.brightpearl_requests.writes() == 0
    assert Inbox(database).states("default", "orders", [key]) == {}


@pytest.mark.parametrize(
    ("entity", "key", "says"),
    [
        ("orders", "77777", "BigCommerce has no order 77777."),
        ("refunds", "77777", "BigCommerce has no order 77777."),
        ("shipments", "77777", "BigCommerce has no order 77777."),
        ("shipments", "note-77777", "Brightpearl has no goods-out note 77777."),
        ("shipments", "drop-77777", "Brightpearl has no drop-ship note 77777."),
        ("stock", "NO-SUCH-SKU", "BigCommerce has no SKU no-such-sku, or keeps no stock of it."),
        ("stock", "variant:77777", "BigCommerce has no variant 77777, or keeps no stock of it."),
        ("customers", "77777", "BigCommerce has no customer 77777."),
        ("customers", "contact:77777", "Brightpearl has no contact 77777."),
        ("products", "store:77777", "BigCommerce has no product 77777."),
        ("products", "product:77777", "Brightpearl has no product 77777."),
        ("prices", "NO-SUCH-SKU", "BigCommerce has no SKU no-such-sku."),
        ("prices", "product:77777", "Brightpearl has no product 77777."),
    ],
)
@pytest.mark.parametrize("option", ["", " --dry-run"])
def test_a_key_that_names_nothing_is_said_at_once_without_any_run(
    entity, key, says, option, sandbox, database, run_json, capsys
):
    assert run(f"sync {entity} --key {key}{option}".split()) == 1

    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == says
    assert printed.out == ""
    found = run_json(f"sync {entity} --key {key}{option}", code=1)
    assert list(found["absent"].values()) == [says]
    assert Inbox(database).states("default", entity, [key]) == {}


@pytest.mark.parametrize(
    ("entity", "key"),
    [
        ("orders", "{order}"),
        ("refunds", "{order}"),
        ("shipments", "{order}"),
        ("stock", "{sku}"),
        ("stock", "product:{product}"),
        ("customers", "{customer}"),
        ("customers", "contact:{contact}"),
        ("products", "product:{product}"),
        ("prices", "{sku}"),
        ("prices", "product:{product}"),
    ],
)
def test_a_key_of_every_kind_that_names_a_record_is_previewed(
    entity, key, sandbox, place, sku, run_json
):
    (product,) = [one for one in sandbox.account.products.values() if one.sku == sku]
    named = {
        "order": place(sku),
        "sku": sku,
        "product": product.id,
        "customer": registered(sandbox)["id"],
        "contact": entered(sandbox)["contact_id"],
    }

    found = run_json(f"sync {entity} --key {key.format(**named)} --dry-run")

    assert found["absent"] == {}
    assert found["keys"] == 1


@pytest.mark.usefixtures("engine")
def test_of_several_keys_those_that_exist_are_synced(sandbox, place, sku, run_json):
    key = place(sku)

    found = run_json(f"sync orders --key {key} 77777", code=1)

    assert found["states"] == {"done": 1}
    assert found["absent"] == {"77777": "BigCommerce has no order 77777."}
    assert sales_orders(sandbox) == [f"BC-{key}"]


@pytest.mark.usefixtures("engine")
def test_a_dry_run_of_an_order_in_quarantine_says_why_it_would_be_refused(
    sandbox, place, sku, run_json, capsys
):
    key = place(sku, ABSENT)
    run_json(f"sync orders --key {key}", code=1)

    found = run_json(f"sync orders --key {key} --dry-run", code=1)

    assert [(one["outcome"], one["record"]) for one in found["preview"]] == [("refused", key)]
    assert run(["sync", "orders", "--key", key, "--dry-run"]) == 1
    printed = capsys.readouterr()
    assert f"1 would be refused: sku {ABSENT.lower()}: " in printed.err.lower()
    assert "Nothing was written." in printed.out


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("table", "order", "becomes"),
    [
        ("skus", {"skus": [ABSENT]}, "{sku}"),
        pytest.param("channels", {"channel_id": 3}, "2", marks=pytest.mark.long),
        pytest.param(
            "shipping_methods",
            {"shipping": [{"method": "Drone to the roof"}]},
            "2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "tax_codes",
            {"tax_zone": "FR", "shipping": [{"to": {"country_iso2": "FR"}}]},
            "T9",
            marks=pytest.mark.long,
        ),
    ],
)
@pytest.mark.parametrize("is_published", [True, pytest.param(False, marks=pytest.mark.long)])
def test_the_command_of_a_remedy_adds_the_row_and_the_order_goes_through(
    table, order, becomes, is_published, sandbox, folder, place, sku, run_json
):
    if is_published:
        assert run_json("mappings publish")["number"] == 1
    tables = set()
    key = place(*order.get("skus", [sku]), **{k: v for k, v in order.items() if k != "skus"})
    waiting = run_json(f"sync orders --key {key}", code=1)["quarantined"]
    for case in waiting:
        assert ("then: causeway mappings publish" in case["remedy"]) is is_published
        command = re.search(r"In one step: causeway (.+>)'\.", case["remedy"])[1] + "'"
        words = shlex.split(command)

        assert run([*words[:-1], becomes.format(sku=sku)]) == 0

        tables.add(words[2])
    assert table in tables
    assert run_json("sync orders")["quarantined"] == []
    assert sales_orders(sandbox) == [f"BC-{key}"]


@pytest.mark.usefixtures("engine")
def test_an_order_that_waits_is_named_with_its_remedy_until_it_is_released(
    sandbox, place, sku, run_json, capsys
):
    key = place(sku, ABSENT)

    found = run_json(f"sync orders --key {key}", code=1)

    assert [(e["key"], e["class"]) for e in found["quarantined"]] == [(key, "sku")]
    assert run(["sync", "orders", "--key", key]) == 1
    assert f"{key}: sku" in capsys.readouterr().err
    control = sandbox.brightpearl_url.removesuffix("/public-api")
    product = {"sku": ABSENT, "name": "New in Brightpearl", "stock": 5}
    assert (
        httpx.post(f"{control}/_sandbox/products", json=product, timeout=WITHIN_S).status_code
        == 200
    )
    assert run_json(f"quarantine release --class sku --value {ABSENT}")["released"] == 1
    assert run_json("sync orders")["quarantined"] == []
    assert sales_orders(sandbox) == [f"BC-{key}"]


@pytest.mark.long
@pytest.mark.usefixtures("engine")
def test_a_sweep_finds_what_no_webhook_reported(sandbox, place, sku, run_json):
    key = place(sku)
    assert run_json("sweep orders")["changed"] == 1
    assert sales_orders(sandbox) == [f"BC-{key}"]


@pytest.mark.usefixtures("engine")
def test_an_audit_names_what_is_missing_and_then_agrees_as_the_status_shows(
    place, sku, run_json, capsys
):
    key = place(sku)
    assert run_json("audit orders --days 1", code=1)["missing"] == [f"BC-{key}"]
    run_json("sync orders")
    assert run_json("audit orders --days 1")["agrees"] is True

    assert run(["status"]) == 0

    assert "audit-orders" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.usefixtures("engine")
def test_a_backfill_imports_a_period_once_and_counts_nothing_else(
    sandbox, place, sku, run_json, database
):
    keys = [place(sku) for _ in range(3)]
    place(ABSENT)
    Inbox(database).put("default", "orders", ["77777"], source="webhook", now=utc_now())
    first = run_json("backfill orders --since 1d", code=1)
    assert first["records"] == sum(first["counts"].values()) == 4
    assert first["counts"] == {"created": 3, "refused": 1}
    assert first["quarantined"] == 1
    assert sales_orders(sandbox) == [f"BC-{key}" for key in keys]
    again = run_json("backfill orders --since 1d")
    assert again["resumed"] is True
    assert again["records"] == 0
    assert run_json("backfill orders --since 1d --restart", code=1)["records"] == 4
    assert sales_orders(sandbox) == [f"BC-{key}" for key in keys]


def test_a_mapping_is_tried_on_one_order_without_writing_or_prefect(
    sandbox, place, sku, run_json, capsys, monkeypatch
):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    key = place(sku, email="somebody@example.com")

    found = run_json(f"mappings try {key}")

    assert found["sales_order"][0]["external_ref"] == f"BC-{key}"
    assert {row["kind"] for row in found["rows"]} == {"product", "shipping"}
    assert "somebody@example.com" not in json.dumps(found)
    assert sandbox.brightpearl_requests.writes() == 0
    assert run(["mappings", "try", key]) == 0
    assert "Sales order" in capsys.readouterr().out


def test_a_mapping_tried_on_an_order_that_is_not_there_says_so(sandbox, capsys):
    assert run(["mappings", "try", "999999"]) == 1
    assert "BigCommerce has no order 999999." in capsys.readouterr().err


def test_webhooks_are_ensured_listed_repaired_and_removed(sandbox, run_json):
    assert run_json("webhooks list", code=1) == []
    assert run_json("webhooks ensure")["counts"] == {"create": 23}
    assert run_json("webhooks ensure")["counts"] == {"keep": 23}
    assert {row["state"] for row in run_json("webhooks list")} == {"active"}
    hook = next(iter(sandbox.store.hooks.values()))
    hook.is_active = False
    assert run_json("webhooks ensure")["counts"] == {"keep": 22, "activate": 1}
    assert hook.is_active
    secret = load_settings().pair().webhooks.secret_at("http://127.0.0.1:9")
    assert hook.headers == {"X-Causeway-Secret": secret}
    assert run_json("webhooks remove")["counts"] == {"remove": 23}
    assert (sandbox.store.hooks, sandbox.account.webhooks) == ({}, {})


@pytest.mark.parametrize(
    ("setting", "value"),
    [("SECRET", "another-long-secret"), ("PUBLIC_URL", "https://another.example.com")],
)
def test_a_changed_secret_or_address_reaches_both_systems_with_a_new_secret(
    setting, value, sandbox, run_json, monkeypatch
):
    run_json("webhooks ensure")
    before = {hook.headers["X-Causeway-Secret"] for hook in sandbox.store.hooks.values()}
    monkeypatch.setenv(f"CAUSEWAY_WEBHOOKS__{setting}", value)
    assert {row["state"] for row in run_json("webhooks list", code=1)} <= {
        "other secret",
        "superfluous",
    }

    run_json("webhooks ensure")

    settings = load_settings().pair().webhooks
    secret = settings.secret_at(settings.base)
    assert before != {secret}
    hooks = sandbox.store.hooks.values()
    assert [hook.headers["X-Causeway-Secret"] for hook in hooks] == [secret] * len(SCOPES)
    assert all(hook.destination.startswith(settings.base) for hook in hooks)
    urls = [hook.uri_template for hook in sandbox.account.webhooks.values()]
    assert len(urls) == len(EVENTS)
    assert all(url.startswith(settings.base) and url.endswith(f"/{secret}") for url in urls)
    assert run_json("webhooks ensure")["counts"] == {"keep": 23}


def test_a_scope_that_is_full_stops_no_other_subscription(sandbox, run_json, capsys):
    headers = {"X-Auth-Token": "sandbox-access-token"}
    url = f"{sandbox.bigcommerce_url}/stores/sandbox/v3/hooks"
    for number in range(10):
        body = {"scope": SCOPES[0], "destination": f"https://{number}.other.example/x"}
        assert httpx.post(url, json=body, headers=headers, timeout=WITHIN_S).status_code == 200

    found = run_json("webhooks ensure", code=1)

    assert found["counts"] == {"create": 22, "failed": 1}
    assert run(["webhooks", "ensure"]) == 1
    said = capsys.readouterr().err
    assert f"bigcommerce {SCOPES[0]}: " in said
    assert "10 hooks per scope" in said
    doctor = findings(run_json)
    assert doctor[f"webhook bigcommerce {SCOPES[0]}"]["state"] == "warn"
    assert doctor[f"webhook bigcommerce {SCOPES[1]}"]["state"] == "ok"
    hook = next(h for h in sandbox.store.hooks.values() if "other.example" in h.destination)
    assert httpx.delete(f"{url}/{hook.id}", headers=headers, timeout=WITHIN_S).status_code == 200
    assert run_json("webhooks ensure")["counts"] == {"keep": 22, "create": 1}


def test_the_doctor_compares_the_secret_header_of_each_hook(sandbox, run_json):
    run_json("webhooks ensure")
    hook = next(h for h in sandbox.store.hooks.values() if h.scope == SCOPES[2])
    hook.headers = {"X-Causeway-Secret": "a wrong one"}

    found = findings(run_json)

    wrong = {what for what, line in found.items() if "webhook " in what and line["state"] != "ok"}
    assert wrong == {f"webhook bigcommerce {SCOPES[2]}"}
    assert found[f"webhook bigcommerce {SCOPES[2]}"]["remedy"] == "Run: causeway webhooks ensure"
    run_json("webhooks ensure")
    assert findings(run_json)[f"webhook bigcommerce {SCOPES[2]}"]["state"] == "ok"


def test_subscriptions_that_may_be_of_another_installation_go_by_the_command_that_is_named(
    sandbox, run_json, monkeypatch, capsys
):
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL", "https://other.example.com")
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "the-secret-of-the-other")
    run_json("webhooks ensure")
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL", "https://causeway.example.com")
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "the-secret-of-ours")

    assert run_json("webhooks ensure", code=1)["counts"] == {"create": 23, "leave": 23}
    run(["webhooks", "ensure"])
    command = "webhooks remove --address https://other.example.com"
    assert f"causeway {command}" in capsys.readouterr().err
    assert run_json(command)["counts"] == {"remove": 23}
    assert run_json("webhooks ensure")["counts"] == {"keep": 23}


def test_what_webhooks_print_holds_no_secret(sandbox, capsys):
    run(["webhooks", "ensure"])
    run(["webhooks", "list", "--json"])
    run(["webhooks", "list"])
    assert "the-webhook-secret" not in "".join(capsys.readouterr())


def findings(run_json, *, code=0):
    return {line["what"]: line for line in run_json("doctor", code=code)["findings"]}


def test_the_doctor_finds_a_new_installation_sound_and_says_what_is_missing(sandbox, run_json):
    found = findings(run_json)
    assert {line["state"] for line in found.values()} <= {"ok", "warn"}
    assert found["table order_status"]["state"] == "ok"
    assert found[f"webhook bigcommerce {SCOPES[0]}"]["remedy"] == "Run: causeway webhooks ensure"
    assert "3" in found["channels"]["text"]
    assert found["Prefect"]["state"] == "warn"
    assert all(line["remedy"] for line in found.values() if line["state"] != "ok")


def test_the_doctor_says_to_publish_where_the_files_are_right_and_the_version_is_not(
    sandbox, run_json, folder
):
    table = folder / "tables" / "channels.csv"
    right = table.read_text()
    table.write_text(right + "3,77,\n")
    run_json("mappings publish")
    assert f"Correct {table}" in findings(run_json, code=1)["table channels"]["remedy"]

    table.write_text(right + "3,2,\n")

    found = findings(run_json, code=1)["table channels"]
    assert "gives 77" in found["text"]
    assert found["remedy"].endswith("causeway mappings publish")
    run_json("mappings publish")
    assert findings(run_json)["table channels"]["state"] == "ok"


UNREACHABLE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("system", "setting", "value", "names"),
    [
        ("BigCommerce", "BIGCOMMERCE__ACCESS_TOKEN", "a-wrong-token", ["ACCESS_TOKEN"]),
        ("BigCommerce", "BIGCOMMERCE__API_URL", UNREACHABLE, ["API_URL", UNREACHABLE]),
        ("BigCommerce", "BIGCOMMERCE__API_URL", "{url}/v3", ["API_URL", "/v3", "/stores/"]),
        ("BigCommerce", "BIGCOMMERCE__STORE_HASH", "another", ["STORE_HASH"]),
        ("Brightpearl", "BRIGHTPEARL__ACCOUNT_TOKEN", "a-wrong-token", ["ACCOUNT_TOKEN"]),
        ("Brightpearl", "BRIGHTPEARL__API_URL", f"{UNREACHABLE}/public-api", ["API_URL", ":9"]),
        ("Brightpearl", "BRIGHTPEARL__API_URL", "{url}/v1", ["API_URL", "/v1", "account's code"]),
    ],
)
def test_the_doctor_gives_one_finding_per_cause_and_goes_on(
    system, setting, value, names, sandbox, run_json, monkeypatch
):
    url = sandbox.bigcommerce_url if system == "BigCommerce" else sandbox.brightpearl_url
    monkeypatch.setenv(f"CAUSEWAY_{setting}", value.format(url=url))

    found = findings(run_json, code=1)

    failed = {what: line for what, line in found.items() if line["state"] == "fail"}
    assert list(failed) == [system]
    said = f"{failed[system]['text']} {failed[system]['remedy']}"
    assert [n for n in [*names, f"CAUSEWAY_{system.upper()}__"] if n not in said] == [], said
    assert "a-wrong-token" not in said
    other = {"BigCommerce": "Brightpearl", "Brightpearl": "BigCommerce"}[system]
    assert found[other]["state"] == "ok"
    assert found["mappings"]["state"] == "ok"


def test_the_doctor_names_a_scope_that_the_token_lacks(sandbox, run_json):
    sandbox.store.switches.scopes = (
        "store_v2_orders store_v2_information_read_only store_channel_settings_read_only"
    )
    found = findings(run_json, code=1)
    assert found["BigCommerce scope order transactions"]["state"] == "fail"
    assert found["BigCommerce scope orders"]["state"] == "ok"


def test_the_doctor_says_what_the_token_may_do_with_stock_and_changes_nothing(sandbox, run_json):
    before = {sku: dict(v.stock) for sku, v in sandbox.store.variants.items()}
    found = findings(run_json)
    assert found["table stock_locations"]["text"] == "2 warehouses feed 1 location"
    assert found["BigCommerce scope inventory, modify"]["state"] == "ok"
    assert found["BigCommerce inventory settings"]["state"] == "ok"
    assert {sku: dict(v.stock) for sku, v in sandbox.store.variants.items()} == before

    sandbox.store.switches.scopes = (
        "store_v2_orders store_v2_transactions store_v2_information_read_only "
        "store_channel_settings_read_only store_inventory_read_only"
    )
    found = findings(run_json, code=1)
    assert found["BigCommerce scope inventory"]["state"] == "ok"
    assert found["BigCommerce scope inventory, modify"]["state"] == "fail"
    assert found["BigCommerce scope locations"]["state"] == "fail"


def test_the_doctor_names_a_place_that_does_not_exist_and_a_table_that_cannot_be_read(
    sandbox, run_json, folder
):
    table = folder / "tables" / "stock_locations.csv"
    table.write_text("value,becomes,note\n2,99,\n")
    found = findings(run_json, code=1)
    assert "locations 99, which the store lacks" in found["table stock_locations"]["text"]

    table.write_text("value,becomes,note\nmain,1,\n")
    found = findings(run_json, code=1)
    assert f"Line 2 of {table}" in found["stock"]["text"]


def test_the_doctor_names_a_value_that_the_account_lacks(sandbox, run_json, folder):
    table = folder / "tables" / "warehouses.csv"
    table.write_text("value,becomes,note\n1,77,\n2,2,\n")
    found = findings(run_json, code=1)
    assert found["table warehouses"]["state"] == "fail"
    assert "77" in found["table warehouses"]["text"]


def test_the_doctor_finds_a_prefect_that_is_down(sandbox, run_json, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert "does not answer" in findings(run_json, code=1)["Prefect"]["text"]


def test_a_sync_without_its_prefect_server_says_so_in_a_line(sandbox, monkeypatch, capsys):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert run(["sync", "orders"]) == 1
    printed = capsys.readouterr().err
    assert "Prefect at http://127.0.0.1:9/api does not answer" in printed
    assert "Traceback" not in printed


def test_a_small_server_of_prefects_that_does_not_start_is_reported_with_what_to_do(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    async def wait_in_vain():
        raise RuntimeError("Timed out while attempting to connect to ephemeral Prefect API server.")

    with pytest.raises(TransientError, match="did not start within") as raised:
        run_here(wait_in_vain)

    assert "set PREFECT_API_URL" in raised.value.remedy


def test_a_fault_of_our_own_is_not_taken_for_a_server_that_does_not_start(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    async def fail():
        raise RuntimeError("generator didn't yield")

    with pytest.raises(RuntimeError, match="didn't yield"):
        run_here(fail)


def test_skus_are_suggested_from_both_catalogues(sandbox, capsys):
    product = {"sku": "STORE-SEAT", "name": "Seat", "upc": "036000291452"}
    store = f"{sandbox.bigcommerce_url}/_sandbox/products"
    httpx.post(store, json=product, timeout=WITHIN_S).raise_for_status()
    other = {"sku": "ACC-SEAT-7", "name": "Garden seat", "upc": "036000291452"}
    account = sandbox.brightpearl_url.removesuffix("/public-api")
    url = f"{account}/_sandbox/products"
    httpx.post(url, json=other, timeout=WITHIN_S).raise_for_status()

    assert run(["mappings", "suggest", "--table", "skus", "store-seat", "--json"]) == 0

    (found,) = json.loads(capsys.readouterr().out)
    assert found["suggestions"][0]["value"] == "ACC-SEAT-7"
    assert "GTIN" in found["suggestions"][0]["reason"]
