"""Files of marketplaces are taken in: every record is kept, money is booked once, and nothing is refused."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from events.accounts.state import LIVE, TEST
from events.envelope import Actor, Source
from events.refusals import AccountNotFound, InvalidCommand
from service.imports.import_source import ImportRequest, ImportResult, Problem
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Api
from tests.support.tables import places_of, read_tables

SEED = sample("lazada-get-payout-status.xml")
VIETNAM = sample("lazada-payout-status-vietnam.json")


async def imported(
    api: Api,
    content: bytes,
    *,
    mode: str = LIVE,
    account_id: str = "acc_1",
    name: str = "statements.xml",
    **options: Any,
) -> ImportResult:
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), mode, "req_import")
    request = ImportRequest(account_id, name, MarketplaceOptions(**{"channel": "lazada", **options}))
    return await import_file(api.ledger, request, io.BytesIO(content), origin)


def counts(found: ImportResult) -> tuple[int, ...]:
    return tuple(found.counts[name] for name in ("new", "changed", "unchanged", "unreadable"))


async def balance(api: Api, currency: str = "EUR") -> dict[str, int]:
    row = await api.ledger.pool.fetchrow(
        "SELECT * FROM balances WHERE account_id = 'acc_1' AND currency = $1", currency
    )
    assert row is not None
    return {name: row[name] for name in ("pending", "available", "reserved", "held", "paid_out") if row[name]}


async def findings(api: Api) -> dict[str, dict[str, str]]:
    """The differences that each statement's rules found."""
    rows = await api.ledger.pool.fetch("SELECT number, findings FROM statements")
    return {row["number"]: {each["rule"]: each["difference"] for each in json.loads(row["findings"])} for row in rows}


async def test_the_seed_sample_is_in_with_its_money_and_its_findings(api: Api) -> None:
    assert counts(await imported(api, SEED)) == (2, 0, 0, 0)
    # 3962.41 and 666.66 EUR.
    assert await balance(api) == {"pending": 462_907}
    assert await findings(api) == {
        "EG100RT-20141228": {"subtotal1_is_revenue": "-51.20", "closing_is_opening_and_subtotal2": "4013.61"},
        "EG100RT-20141229": {
            "subtotal1_is_revenue": "-1.50",
            "closing_is_opening_and_subtotal2": "769.27",
            "payout_is_closing": "-111.11",
            "opening_is_previous_closing": "-3952.41",
        },
    }


async def test_the_same_data_again_changes_nothing_but_is_kept(api: Api, settings: Settings) -> None:
    await imported(api, SEED)
    before = await read_tables(settings)
    assert counts(await imported(api, SEED)) == (0, 0, 2, 0)
    after = await read_tables(settings)
    assert {name for name in before if before[name] != after[name]} == {
        "deliveries",
        "imports",
        "import_files",
        "import_readings",
    }
    verdicts = await api.ledger.pool.fetch("SELECT verdict FROM deliveries ORDER BY delivery_id")
    assert [row["verdict"] for row in verdicts] == ["accepted", "accepted", "duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("collects", "bucket"), [(None, "paid_out"), ("seller", "paid_out"), ("platform", "available")]
)
async def test_paid_moves_the_money_once_and_turned_back_is_a_finding(
    api: Api, collects: str | None, bucket: str
) -> None:
    paid = SEED.replace(b"<Paid>0</Paid>", b"<Paid>1</Paid>", 1)
    await imported(api, SEED, collects=collects)
    assert counts(await imported(api, paid)) == (0, 1, 1, 0)
    assert await balance(api) == {"pending": 66_666, bucket: 396_241}
    assert counts(await imported(api, paid)) == (0, 0, 2, 0)
    assert await balance(api) == {"pending": 66_666, bucket: 396_241}
    assert counts(await imported(api, SEED)) == (0, 0, 2, 0), "what was said before is seen again"
    turned_back = updated(SEED, "2014-01-05 00:00:00")
    assert counts(await imported(api, turned_back)) == (0, 1, 1, 0)
    assert await balance(api) == {"pending": 66_666, bucket: 396_241}
    assert "paid_stays_paid" in (await findings(api))["EG100RT-20141228"]
    assert counts(await imported(api, updated(paid, "2014-01-06 00:00:00"))) == (0, 1, 1, 0)
    assert await balance(api) == {"pending": 66_666, bucket: 396_241}
    assert "paid_stays_paid" not in (await findings(api))["EG100RT-20141228"]


def updated(content: bytes, at: str) -> bytes:
    """The sample, with its first statement updated at another time."""
    return content.replace(b"<UpdatedAt>2014-01-04 00:23:04", f"<UpdatedAt>{at}".encode(), 1)


async def test_a_changed_amount_books_the_change_alone(api: Api) -> None:
    await imported(api, SEED)
    await imported(api, SEED.replace(b"3962.41 EUR", b"3900.00 EUR"))
    assert await balance(api) == {"pending": 390_000 + 66_666}
    moved = await api.ledger.pool.fetch(
        "SELECT (envelope::json -> 'data' ->> 'pending')::bigint AS pending FROM events WHERE type = $1 ORDER BY position",
        "channel.money_booked",
    )
    assert [row["pending"] for row in moved] == [396_241, 66_666, -6_241]


async def test_the_vietnamese_statement_is_paid_and_has_exactly_its_two_findings(api: Api) -> None:
    await imported(api, VIETNAM)
    assert await balance(api, "VND") == {"paid_out": 1_521_950}
    assert await findings(api) == {
        "VNJ2NI08-2020-048": {"payout_fits_the_minor_unit": "0.71", "payout_is_revenue_and_fees": "160918.30"}
    }


def open_platform(**fields: str) -> dict[str, str]:
    return {
        "statement_number": "S-1",
        "created_at": "2018-01-04 00:23:04",
        "updated_at": "2018-01-04 00:23:04",
        "payout": "10.00 EUR",
        "paid": "0",
        **fields,
    }


def answer(*statements: dict[str, str]) -> bytes:
    return json.dumps({"code": "0", "data": list(statements)}).encode()


async def test_the_same_number_twice_in_one_answer_is_one_statement(api: Api) -> None:
    assert counts(await imported(api, answer(open_platform(), open_platform()))) == (1, 0, 1, 0)
    assert await balance(api) == {"pending": 1_000}
    newer = open_platform(payout="12.00 EUR", updated_at="2018-01-05 00:00:00")
    assert counts(await imported(api, answer(newer, open_platform()))) == (0, 1, 1, 0)
    assert await balance(api) == {"pending": 1_200}, "the newer word counts, and not the last one"


async def test_overlapping_data_changes_nothing_whatever_else_came_between(api: Api) -> None:
    several = [
        open_platform(statement_number=f"S-{number}", created_at=f"2018-01-0{number} 00:00:00")
        for number in range(1, 6)
    ]
    assert counts(await imported(api, answer(*several))) == (5, 0, 0, 0)
    for each in several:
        assert counts(await imported(api, answer(each))) == (0, 0, 1, 0)
    changed = {**several[0], "payout": "11.00 EUR"}
    assert counts(await imported(api, answer(several[1], changed, several[2]))) == (0, 1, 2, 0)
    assert await balance(api) == {"pending": 5_100}


async def test_a_statement_is_held_against_the_one_before_it_even_if_that_came_in_another_file(api: Api) -> None:
    await imported(api, answer(open_platform(closing_balance="12.00")))
    later = open_platform(statement_number="S-2", created_at="2018-01-11 00:23:04", opening_balance="2.00")
    await imported(api, answer(later))
    assert (await findings(api))["S-2"] == {
        "updated_at_is_not_before_created_at": "",
        "opening_is_previous_closing": "-10.00",
    }


@pytest.mark.parametrize("updated", ["", "2018-02-31 00:00:00"])
async def test_an_update_at_no_time_is_kept_and_a_finding(api: Api, updated: str) -> None:
    assert counts(await imported(api, answer(open_platform(updated_at=updated)))) == (1, 0, 0, 0)
    assert "updated_at_is_a_time" in (await findings(api))["S-1"]
    content = await api.ledger.pool.fetchval("SELECT content FROM statements")
    assert json.loads(content)["UpdatedAt"] == updated


async def test_a_zero_payout_with_negative_balances_is_carried(api: Api) -> None:
    carried = open_platform(payout="0.00 EUR", opening_balance="-20.00", closing_balance="-35.50", paid="1")
    assert counts(await imported(api, answer(carried))) == (1, 0, 0, 0)
    assert await balance(api) == {}
    assert (await findings(api))["S-1"] == {}


async def test_deposits_hold_and_release_and_shipping_fees_are_not_booked_again(api: Api) -> None:
    first = open_platform(guarantee_deposit="50.00", shipment_fee="51.20", shipment_fee_credit="51.20")
    second = open_platform(statement_number="S-2", created_at="2018-01-11 00:23:04", guarantee_deposit="20.00")
    await imported(api, answer(first))
    assert await balance(api) == {"pending": 1_000, "held": 5_000}
    await imported(api, answer(first, second))
    assert await balance(api) == {"pending": 2_000, "held": 2_000}
    # Alone in their slices, the one beside each has to come from the database.
    await imported(
        api, answer(open_platform(statement_number="S-0", created_at="2017-01-04", guarantee_deposit="7.00"))
    )
    assert await balance(api) == {"pending": 3_000, "held": 2_000}


async def test_what_nobody_can_read_is_kept_with_its_reason_and_place_and_the_rest_goes_in(api: Api) -> None:
    records = [
        open_platform(payout="many EUR"),
        open_platform(statement_number="S-2", payout="5.00 XXX"),
        open_platform(statement_number="S-3", payout="999999999999999999 EUR"),
        open_platform(statement_number="S-4\x00"),
        open_platform(statement_number="S" * 201),
        open_platform(statement_number="S-6"),
    ]
    found = await imported(api, answer(*records), name="odd.json")
    assert counts(found) == (1, 0, 0, 5)
    assert await balance(api) == {"pending": 1_000}
    assert [problem.reason for problem in found.problems] == [
        "Payout: 'many' is not an amount",
        "'XXX' is not an ISO 4217 currency code",
        "Payout is more than the ledger counts to",
        "a text in it contains a NUL character",
        "StatementNumber is longer than 200 characters",
    ]
    kept = await api.ledger.pool.fetch(
        "SELECT reason, origin FROM deliveries WHERE verdict = 'unreadable' ORDER BY delivery_id"
    )
    assert {(row["reason"], row["origin"]) for row in kept} == {
        (problem.reason, f"odd.json#{problem.place}") for problem in found.problems
    }


async def test_what_arrived_is_sealed(api: Api, settings: Settings) -> None:
    note = "rekening 7654321098"
    await imported(api, answer(open_platform(remarks=note), open_platform(payout="x", remarks=note)))
    assert places_of("7654321098", await read_tables(settings)) == set()


async def test_what_commands_recorded_is_matched(api: Api) -> None:
    merchant = await api.caller("acc_1")
    await merchant.accepted(type="openAccount", currency="EUR")
    await merchant.accepted(
        type="recordRevenue", amount=396_000, currency="EUR", reference="EG100RT-20141228", channel="lazada"
    )
    await imported(api, SEED)
    assert await balance(api) == {"pending": 462_907}


async def test_an_import_in_another_currency_adds_it_and_one_of_the_other_mode_sees_no_account(api: Api) -> None:
    await api.merchant("acc_1")
    await imported(api, SEED)
    assert await balance(api) == {"pending": 462_907}
    with pytest.raises(AccountNotFound):
        await imported(api, SEED, mode=TEST)


async def test_statements_known_before_their_seller_was_named_are_the_same(api: Api) -> None:
    await imported(api, SEED)
    assert counts(await imported(api, SEED, seller="EG100RT")) == (0, 0, 2, 0)
    assert counts(await imported(api, SEED)) == (0, 0, 2, 0)
    assert await balance(api) == {"pending": 462_907}


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"channel": "amazon"}, "channel"),
        ({"currency": "EURO"}, "currency"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"collects": "nobody"}, "collects"),
        ({"seller": ""}, "seller"),
    ],
)
async def test_a_request_that_no_file_fulfils_names_its_field(api: Api, options: dict[str, str], wrong: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        await imported(api, SEED, **options)
    assert caught.value.field == wrong


async def test_a_long_file_is_ingested_in_slices_and_progress_is_reported(api: Api) -> None:
    many = [
        open_platform(statement_number=f"S-{number}", created_at=f"2018-01-{1 + number % 28:02} 00:00:{number % 60:02}")
        for number in range(450)
    ]
    content = answer(*many)
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
    stream, seen = io.BytesIO(content), list[int]()

    async def progress(_: list[Problem]) -> None:
        seen.append(stream.tell())

    request = ImportRequest("acc_1", "many.json", MarketplaceOptions("lazada"))
    found = await import_file(api.ledger, request, stream, origin, progress)
    assert counts(found) == (450, 0, 0, 0)
    assert len(seen) == 3
    assert seen == sorted(seen)
    assert seen[-1] == len(content)
    assert await balance(api) == {"pending": 450_000}
