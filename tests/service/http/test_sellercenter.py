"""A client that was written for SellerCenter is answered as SellerCenter would have answered."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.api_keys import create_key, revoke_key
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from service.marketplaces.lazada.signing import query_pairs
from service.platform.runtime import REAL
from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Api, serving

# The published vector's key, and the signature that was derived with it for seed 001's own request.
KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
SEED_REQUEST = (
    "Action=GetPayoutStatus&CreatedAfter=2015-01-01T11%3A11%2B0200&Timestamp=2015-07-01T11%3A11%2B0000"
    "&UserID=look%40me.com&Version=1.0"
)
SEED_SIGNATURE = "1384bbf249a7ef717729649a9b2f9eaa3e72381cc0b6616bfea10801cf8d0115"
NOW = datetime(2015, 7, 1, 11, 12, tzinfo=UTC)

FIELDS = [
    "StatementNumber",
    "CreatedAt",
    "UpdatedAt",
    "OpeningBalance",
    "ItemRevenue",
    "ShipmentFee",
    "ShipmentFeeCredit",
    "OtherRevenueTotal",
    "FeesTotal",
    "Subtotal1",
    "Refunds",
    "FeesOnRefundsTotal",
    "Subtotal2",
    "ClosingBalance",
    "GuaranteeDeposit",
    "Payout",
    "Paid",
]


@pytest_asyncio.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A ledger on the day of seed 001's request, with its statements, and its caller."""
    async with serving(settings, dataclasses.replace(REAL, now=lambda: NOW)) as running:
        await imported(running, sample("lazada-get-payout-status.xml"))
        await user(running, "look@me.com", KEY)
        yield running


async def imported(api: Api, content: bytes, account: str = "acc_1") -> None:
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
    request = ImportRequest(account, "statements", MarketplaceOptions("lazada"))
    await import_file(api.ledger, request, io.BytesIO(content), origin)


async def user(api: Api, e_mail: str, secret: str, account: str = "acc_1", mode: str = LIVE) -> str:
    ledger = api.ledger
    made = await create_key(
        ledger.pool,
        ledger.vault,
        ledger.runtime,
        mode=mode,
        scopes=[],
        account_id=account,
        user_id=e_mail,
        secret=secret,
    )
    return made.key_id


def signed(secret: str = KEY, /, **changes: str | None) -> str:
    """A query, signed by the seed's rule as this test understands it; None leaves a parameter out."""
    origin = {
        "Action": "GetPayoutStatus",
        "CreatedAfter": "2010-01-01T00:00:00+0000",
        "Timestamp": "2015-07-01T11:11:00+00:00",
        "UserID": "look@me.com",
        "Version": "1.0",
        **changes,
    }
    text = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(origin.items()) if value is not None
    )
    return f"{text}&Signature={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


async def answered(api: Api, text: str, path: str = "/lazada") -> tuple[str, bytes]:
    async with api.session.get(URL(f"{api.base}{path}?{text}", encoded=True)) as response:
        assert response.status == 200, "errors too"
        return response.content_type, await response.read()


async def numbers(api: Api, text: str) -> list[str | None]:
    kind, body = await answered(api, text)
    assert kind == "text/xml"
    root = ET.fromstring(body)
    assert root.tag == "SuccessResponse", body
    return [each.text for each in root.iterfind("Body/PayoutStatus/Statement/StatementNumber")]


async def refusal(api: Api, text: str) -> tuple[str | None, str | None]:
    root = ET.fromstring((await answered(api, text))[1])
    assert root.tag == "ErrorResponse"
    assert root.findtext("Head/ErrorType") == "Sender"
    return root.findtext("Head/ErrorCode"), root.findtext("Head/ErrorMessage")


@pytest.mark.parametrize("path", ["/lazada", "/"])
async def test_the_seeds_own_request_gets_the_one_statement_in_the_seeds_own_words(api: Api, path: str) -> None:
    kind, body = await answered(api, f"{SEED_REQUEST}&Signature={SEED_SIGNATURE}", path)
    assert kind == "text/xml"
    assert body.startswith(b"<?xml version=")
    root = ET.fromstring(body)
    head = [(each.tag, each.text) for each in root.find("Head") or ()]
    assert head == [
        ("RequestId", None),
        ("RequestAction", "GetPayoutStatus"),
        ("ResponseType", "Statement"),
        ("Timestamp", "2015-07-01T11:12:00+0000"),
    ]
    source = ET.fromstring(sample("lazada-get-payout-status.xml"))
    (expected,) = [each for each in source.iter("Statement") if each.findtext("StatementNumber") == "EG100RT-20141229"]
    (statement,) = root.iterfind("Body/PayoutStatus/Statement")
    assert [each.tag for each in statement] == FIELDS
    assert [(each.tag, each.text) for each in statement] == [(each.tag, each.text) for each in expected]


async def test_all_statements_come_in_order_and_none_is_an_empty_list(api: Api) -> None:
    assert await numbers(api, signed()) == ["EG100RT-20141228", "EG100RT-20141229"]
    assert await numbers(api, signed(CreatedAfter="2015-06-01T00:00:00+0000")) == []
    _, body = await answered(api, signed(CreatedAfter="2015-06-01T00:00:00+0000", Format="JSON"))
    assert json.loads(body)["SuccessResponse"]["Body"] == {"PayoutStatus": ""}


# The second statement was created at 2015-01-04 00:23:04 in Jakarta, which is seven hours ahead.
@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("2015-01-04 00:23:04", 0),
        ("2015-01-04 00:23:03", 1),
        ("2015-01-03T17:23:04+0000", 0),
        ("2015-01-03T17:23:03+0000", 1),
        ("2015-01-03T19:23+0200", 1),
        ("2015-01-03T19:24+0200", 0),
        ("2015-01-03T18:23:04+01:00", 0),
        ("2015-01-03T18:23:03+01:00", 1),
    ],
)
async def test_created_after_is_strict_in_all_its_shapes(api: Api, after: str, found: int) -> None:
    assert len(await numbers(api, signed(CreatedAfter=after))) == found


async def test_json_has_the_same_tree_with_every_leaf_a_text(api: Api) -> None:
    kind, body = await answered(api, signed(Format="JSON"))
    assert kind == "application/json"
    document: dict[str, Any] = json.loads(body)["SuccessResponse"]
    statements = document["Body"]["PayoutStatus"]["Statement"]
    assert [list(each) for each in statements] == [FIELDS, FIELDS]
    assert statements[0]["Payout"] == "3962.41 EUR"
    assert all(isinstance(text, str) for each in statements for text in each.values())
    _, body = await answered(api, signed(Format="JSON", CreatedAfter="2015-01-01T11:11+0200"))
    assert json.loads(body)["SuccessResponse"]["Body"]["PayoutStatus"]["Statement"]["Paid"] == "0"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Action": None}, ("1", "E001: Parameter Action is mandatory")),
        ({"Timestamp": None}, ("1", "E001: Parameter Timestamp is mandatory")),
        ({"CreatedAfter": None}, ("1", "E001: Parameter CreatedAfter is mandatory")),
        ({"Version": "2.0"}, ("2", "E002: Invalid Version")),
        ({"Timestamp": "2015-07-01T08:00:00+00:00"}, ("3", "E003: Timestamp has expired")),
        ({"Timestamp": "yesterday"}, ("4", "E004: Invalid Timestamp format")),
        ({"Timestamp": "2015-02-30T08:00:00+00:00"}, ("4", "E004: Invalid Timestamp format")),
        ({"CreatedAfter": "soon"}, ("4", "E004: Invalid Timestamp format")),
        ({"Format": "CSV"}, ("5", "E005: Invalid Request Format")),
        ({"Action": "GetOrders"}, ("8", "E008: Invalid Action")),
        ({"UserID": "no@body.com"}, ("62", "E062 No seller was found by e-mail no@body.com")),
        ({"UserID": "<&>\x01"}, ("62", "E062 No seller was found by e-mail <&>\ufffd")),
    ],
)
async def test_what_is_wrong_has_the_code_that_sellercenter_gives_it(
    api: Api, changes: dict[str, str | None], expected: tuple[str, str]
) -> None:
    assert await refusal(api, signed(**changes)) == expected


async def test_one_wrong_character_in_the_signature_is_a_failed_login(api: Api) -> None:
    for index in (0, 31, 63):
        other = "0" if SEED_SIGNATURE[index] != "0" else "1"
        wrong = SEED_SIGNATURE[:index] + other + SEED_SIGNATURE[index + 1 :]
        assert (await refusal(api, f"{SEED_REQUEST}&Signature={wrong}"))[0] == "7"
    assert (await refusal(api, signed("another secret")))[0] == "7"
    right = signed()
    assert (await refusal(api, right + "&Limit=1"))[0] == "7", "a parameter that was not signed"
    assert (await refusal(api, f"{right}&Action=GetPayoutStatus"))[0] == "5"


async def test_an_error_in_json_has_an_empty_body(api: Api) -> None:
    _, body = await answered(api, signed(Format="JSON", UserID="no@body.com"))
    assert json.loads(body) == {
        "ErrorResponse": {
            "Head": {
                "RequestAction": "GetPayoutStatus",
                "ErrorType": "Sender",
                "ErrorCode": "62",
                "ErrorMessage": "E062 No seller was found by e-mail no@body.com",
            },
            "Body": "",
        }
    }


async def test_a_user_sees_the_statements_of_their_own_account_alone(api: Api) -> None:
    await user(api, "other@me.com", "a-secret-of-another-seller", "acc_2")
    assert await numbers(api, signed("a-secret-of-another-seller", UserID="other@me.com")) == []
    await user(api, "test@me.com", "a-secret-for-testing-alone", "acc_1", mode="test")
    assert await numbers(api, signed("a-secret-for-testing-alone", UserID="test@me.com")) == []


async def test_a_revoked_key_is_nobodys(api: Api) -> None:
    key_id = await user(api, "look@me.com", "the-newer-secret-of-two")
    assert len(await numbers(api, signed())) == 2
    assert len(await numbers(api, signed("the-newer-secret-of-two"))) == 2
    await revoke_key(api.ledger.pool, api.ledger.runtime, key_id)
    assert len(await numbers(api, signed())) == 2
    assert (await refusal(api, signed("the-newer-secret-of-two")))[0] == "7"


async def test_what_a_source_says_is_escaped_and_a_payout_always_names_its_currency(api: Api) -> None:
    odd = {
        "statement_number": '<&> "1" ]]>',
        "created_at": "2015-02-01 00:00:00",
        "payout": "5.00",
        "paid": "true",
    }
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
    request = ImportRequest("acc_1", "odd", MarketplaceOptions("lazada", currency="IDR"))
    await import_file(api.ledger, request, io.BytesIO(json.dumps({"code": "0", "data": [odd]}).encode()), origin)
    text = signed(CreatedAfter="2015-01-31T00:00:00+0000")
    root = ET.fromstring((await answered(api, text))[1])
    (statement,) = root.iter("Statement")
    assert statement.findtext("StatementNumber") == '<&> "1" ]]>'
    assert (statement.findtext("Payout"), statement.findtext("Paid")) == ("5.00 IDR", "1")
    assert statement.findtext("Refunds") == ""


async def test_the_root_without_an_action_is_nothing(api: Api) -> None:
    async with api.session.get(f"{api.base}/") as response:
        assert response.status == 404


def form_signed(encode: Callable[[str], str], **changes: str) -> tuple[dict[str, str], str]:
    """The parameters of a request, and their signature by a client that encodes them in this way."""
    fields = {
        "Action": "GetPayoutStatus",
        "CreatedAfter": "2010-01-01 00:00:00",
        "Timestamp": "2015-07-01 11:11:00",
        "UserID": "look@me.com",
        "Version": "1.0",
        **changes,
    }
    text = "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(fields.items()))
    return fields, hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def rfc_3986(text: str) -> str:
    return quote(text, safe="")


@pytest.mark.parametrize("signs", [rfc_3986, quote_plus])
@pytest.mark.parametrize("sends", [rfc_3986, quote_plus])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("zone", ["", "+0000", " +0000"])
async def test_a_space_may_be_sent_and_signed_as_a_plus_or_not(
    api: Api, signs: Callable[[str], str], sends: Callable[[str], str], method: str, zone: str
) -> None:
    fields, signature = form_signed(signs, CreatedAfter=f"2010-01-01 00:00:00{zone.strip()}")
    text = "&".join(f"{sends(name)}={sends(value)}" for name, value in {**fields, "Signature": signature}.items())
    if method == "GET":
        assert await numbers(api, text) == ["EG100RT-20141228", "EG100RT-20141229"]
        return
    root = ET.fromstring((await posted(api, "/lazada/", text))[1])
    assert root.tag == "SuccessResponse"


async def posted(
    api: Api, path: str, body: str | aiohttp.FormData, query: str = "", **headers: str
) -> tuple[str, bytes]:
    if isinstance(body, str):
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    url = URL(f"{api.base}{path}{'?' + query if query else ''}", encoded=True)
    async with api.session.post(url, data=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        return response.content_type, await response.read()


@pytest.mark.parametrize("path", ["/lazada", "/lazada/", "/"])
async def test_a_post_is_answered_as_a_get_whatever_of_it_stands_in_the_form(api: Api, path: str) -> None:
    whole = signed()
    parts = whole.split("&")
    wanted = (await answered(api, whole))[1]
    multipart = aiohttp.FormData(query_pairs(whole))
    multipart._is_multipart = True
    for query, form in (
        (whole, ""),
        ("", whole),
        ("&".join(parts[:3]), "&".join(parts[3:])),
        (whole, whole),
        (whole, "PayoutStatus=paid"),
        ("", multipart),
    ):
        assert (await posted(api, path, form, query)) == ("text/xml", wanted), (query, form)
    assert await posted(api, path, "", whole, **{"Content-Type": "text/xml"}) == ("text/xml", wanted)


async def test_what_stands_in_a_form_and_was_not_signed_is_not_read(api: Api) -> None:
    """The body cannot ask for JSON, or for other days, where only the query was signed."""
    kind, body = await posted(api, "/lazada", "CreatedAfter=2030-01-01", signed(CreatedAfter="2010-01-01"))
    assert kind == "text/xml"
    assert ET.fromstring(body).tag == "SuccessResponse"
    assert len(ET.fromstring(body).findall("Body/PayoutStatus/Statement")) == 2


async def test_a_post_to_the_root_that_asks_for_nothing_is_not_found(api: Api) -> None:
    async with api.session.post(f"{api.base}/", data={"x": "y"}) as response:
        assert response.status == 404


@pytest.mark.parametrize("path", ["/lazada", "/lazada/", "/"])
@pytest.mark.parametrize(
    ("spelled", "kind"),
    [("json", "application/json"), ("Json", "application/json"), ("xml", "text/xml"), ("Xml", "text/xml")],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_format_may_be_asked_for_in_any_letters_and_errors_come_in_it(
    api: Api, path: str, spelled: str, kind: str, method: str
) -> None:
    asks = signed(Format=spelled)
    for text, code in (
        (asks, None),
        (asks.replace("Signature=", "Signature=0"), "7"),
        (asks.replace("&Signature=", "&Other="), "1"),
        (f"{asks}&Version=1.0&Version=2", "5"),
        (signed(Format=spelled, UserID="no@body.com"), "62"),
        (signed(Format=spelled, Timestamp="2014-01-01T00:00:00"), "3"),
        (signed(Format=spelled, Timestamp="yesterday"), "4"),
        (signed(Format=spelled, Action="GetOrders"), "8"),
        (f"Action=GetPayoutStatus&Format={spelled}", "1"),
    ):
        found, body = await (answered(api, text, path) if method == "GET" else posted(api, path, text))
        assert found == kind, text
        if kind == "application/json":
            document = json.loads(body)
            error = document.get("ErrorResponse", {}).get("Head", {}).get("ErrorCode")
        else:
            error = ET.fromstring(body).findtext("Head/ErrorCode")
        assert error == code, text
