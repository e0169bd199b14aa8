"""/metrics: what a person who runs the service watches, without anybody's name in it."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from service.platform.circuit_breaker import CircuitBreaker
from service.platform.runtime import REAL
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.arrivals import arrive, open_case, paid, park, provider_payout
from tests.support.plugipay import Clock

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Watch:
    """A monotonic clock that can be set ahead: what was read for /metrics is kept for some seconds."""

    def __init__(self) -> None:
        clock = Clock()
        self.ahead = 0.0
        self.clock = clock
        self.runtime = clock.runtime.__class__(
            now=lambda: REAL.now() + clock.ahead, monotonic=lambda: REAL.monotonic() + self.ahead
        )


async def scrape(api: Api) -> Samples:
    async with api.session.get(f"{api.base}/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    return {
        (sample.name.removeprefix("payout_ledger_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


async def test_what_waits_for_people_and_for_the_provider_is_counted(settings: Settings) -> None:
    watch = Watch()
    lanes = settings.model_copy(update={"lanes": 2})
    async with serving(lanes, watch.runtime) as api:
        empty = await scrape(api)
        assert of(empty, "deliveries_parked", lane="1") == of(empty, "deliveries_parked", lane="2") == 0
        assert of(empty, "cases_open", kind="amount_differs") == 0
        assert of(empty, "payout_unsubmitted_age_seconds") == 0
        merchant, payout_id = await provider_payout(api)
        lane = str(await api.ledger.lane_of("acc_1"))
        for _ in range(3):
            await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
        await arrive(api.ledger, lanes, paid(amount=399))
        parked = [await park(api.ledger, "acc_1") for _ in range(2)]
        manual = await api.merchant("acc_2", available=10)
        by_hand = (await manual.post("/v1/payouts", {"amount": 7, "currency": "IDR"})).data["id"]
        await open_case(api.ledger, "acc_2", by_hand)
        watch.clock.ahead = timedelta(seconds=90)
        assert of(await scrape(api), "deliveries_parked", lane=lane) == 0, "it is read every few seconds only"
        watch.ahead = 10
        samples = await scrape(api)
        assert of(samples, "database_up") == 1
        assert of(samples, "deliveries_parked", lane=lane) == 2
        assert of(samples, "cases_open", kind="amount_differs") == 1
        assert of(samples, "cases_open", kind="paid_by_hand") == 1
        assert of(samples, "cases_open", kind="unrequested") == 0
        assert of(samples, "provider_payouts_open", status="pending") == 4
        assert of(samples, "payouts_unsubmitted") == 3
        assert of(samples, "submissions_unanswered") == 0
        assert 90 <= of(samples, "payout_unsubmitted_age_seconds") < 600
        assert of(samples, "lane_position", lane=lane) == await api.position(int(lane))
        await merchant.post(f"/v1/deliveries/{parked[0]}/dismiss", {"reason": "noise"})
        await merchant.post(f"/v1/cases/{(await merchant.get('/v1/cases')).data[0]['id']}/close", {"reason": "x"})
        watch.ahead = 20
        samples = await scrape(api)
        assert of(samples, "deliveries_parked", lane=lane) == 1
        assert of(samples, "cases_open", kind="amount_differs") == 0
        assert payout_id


async def test_what_the_process_did_is_counted_once(api: Api, settings: Settings) -> None:
    before = await scrape(api)
    start = await api.position()
    merchant, _ = await provider_payout(api)
    for event_id in ("evt_1", "evt_1", "evt_1"):
        await arrive(api.ledger, settings, paid(event_id))
    await arrive(api.ledger, settings, paid(), header="t=1,v1=00")
    await arrive(api.ledger, settings, paid(), received_at="")
    for _ in range(2):
        assert (await merchant.post("/v1/payouts", {"amount": 10_000, "currency": "IDR"})).status == 409
    body = {"commands": [{"type": "chargeFee"}, {"type": "requestPayout", "amount": 99_999, "currency": "IDR"}]}
    assert (await merchant.post("/v1/commands?dryRun=true", {"commands": body["commands"][1:]})).status == 200
    samples = await scrape(api)
    verdicts = ("accepted", "duplicate", "rejected", "parked")
    assert [of(samples, "deliveries_taken_in_total", verdict=verdict) for verdict in verdicts] == [1, 2, 1, 1]
    assert of(samples, "commands_refused_total", code="INSUFFICIENT_BALANCE") == 2, "a dry run is no command"
    appended = of(samples, "events_appended_total", lane="1") - of(before, "events_appended_total", lane="1")
    assert appended == await api.position() - start


async def test_requests_are_counted_by_route_and_never_by_what_a_caller_makes_up(api: Api) -> None:
    merchant = await api.merchant(available=100)
    payout_id = (await merchant.post("/v1/payouts", {"amount": 7, "currency": "IDR"})).data["id"]
    for _ in range(3):
        await merchant.get(f"/v1/payouts/{payout_id}")
    await merchant.get("/v1/payouts/pout_0")
    for number, method in enumerate(("PUT", "DELETE", "PROPFIND", "COPY", "TRACE")):
        await merchant.get(f"/v1/made-up-{number}")
        await merchant.call(method, "/v1/payouts")
    samples = await scrape(api)
    route = "/v1/payouts/{payout_id}"
    assert of(samples, "http_requests_total", method="GET", route=route, status="200") == 3
    assert of(samples, "http_requests_total", method="GET", route=route, status="404") == 1
    assert of(samples, "http_request_seconds_count", method="GET", route=route) == 4
    assert of(samples, "http_request_seconds_bucket", method="GET", route=route, le="+Inf") == 4
    assert of(samples, "http_request_seconds_sum", method="GET", route=route) > 0
    buckets = [
        value
        for (name, labels), value in samples.items()
        if name == "http_request_seconds_bucket" and ("route", route) in labels
    ]
    assert buckets == sorted(buckets)
    assert of(samples, "http_requests_total", method="", route="unmatched", status="404") == 5
    assert of(samples, "http_requests_total", method="", route="unmatched", status="405") == 5
    known = {"lane", "verdict", "code", "part", "host", "method", "route", "status", "kind", "le", "table"}
    for name, labels in samples:
        if not name.startswith("process_"):
            assert {label for label, _ in labels} <= known, name
        for _, value in labels:
            assert "acc_1" not in value
            assert payout_id not in value
            assert "made" not in value
            assert value not in ("PROPFIND", "COPY")


async def test_services_of_one_process_count_for_themselves(settings: Settings) -> None:
    async with serving(settings) as one, serving(settings) as two:
        merchant = await one.merchant()
        assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 409
        before, after = await scrape(two), await scrape(one)
        assert of(after, "commands_refused_total", code="INSUFFICIENT_BALANCE") == 1
        assert of(after, "http_requests_total", method="POST", route="/v1/payouts", status="409") == 1
        assert not any(name in ("commands_refused_total", "http_requests_total") for name, _ in before)


async def test_a_series_does_not_say_when_it_began(api: Api) -> None:
    await api.merchant()
    assert not any(name.endswith("_created") for name, _ in await scrape(api))


async def test_parts_and_breakers_show(settings: Settings) -> None:
    async with serving(settings) as api:
        samples = await scrape(api)
        assert of(samples, "part_ok", part="webhooks") == 1
        assert not any(name == "provider_breaker_open" for name, _ in samples)
        health = api.health
        health.report("broker", ok=False, message="away")
        well, away = CircuitBreaker(REAL.monotonic), CircuitBreaker(REAL.monotonic, failures_max=1)
        passage = away.admit()
        assert passage is not None
        passage.failed()
        health.breakers = {"https://a.example/x": well, "https://someone:secret@b.example:444": away}
        samples = await scrape(api)
        assert of(samples, "part_ok", part="broker") == 0
        assert of(samples, "provider_breaker_open", host="a.example") == 0
        assert of(samples, "provider_breaker_open", host="b.example:444") == 1


async def test_it_answers_while_the_database_is_away(settings: Settings) -> None:
    watch = Watch()
    async with serving(settings, watch.runtime) as api:
        assert of(await scrape(api), "database_up") == 1
        await api.ledger.pool.close()
        watch.ahead = 10
        samples = await scrape(api)
        assert of(samples, "database_up") == 0
        assert not any(name == "cases_open" for name, _ in samples), "old numbers are no numbers"
        assert of(samples, "events_appended_total", lane="1") > 0
        async with aiohttp.ClientSession() as session, session.get(f"{api.base}/healthz") as response:
            assert response.status == 200
