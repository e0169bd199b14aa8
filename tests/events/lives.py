"""Random lives of an account: steps that are drawn first and made into commands or statements when their turn comes.

A step is relative to the books it meets (this payout, all that is available), since commands drawn blindly are
nearly all refused and prove little.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st

from events import commands, facts
from events.banking import observe_bank_statement, observe_entry
from events.books import Books
from events.books.accounts import LIVE
from events.books.money import Order
from events.channels import observe_statement, references
from events.commands import AnyCommand
from events.decide import decide
from events.evolve_own_statements import owed
from events.facts import Fact
from events.instants import Instant, shifted
from events.observation import Observation
from events.own_statements import read_chain
from events.periods import CYCLES
from events.policies import WEEKENDS
from events.provider import observe
from events.refusals import Refusal
from events.rules import own_statements, submissions
from events.rules.context import Context
from events.rules.policies import due
from events.settlements import observe_settlement, order_references
from events.statements import Says
from tests.spec import ACCOUNT, seen_by

MOST = 9_007_199_254_740_991
CURRENCIES = ["IDR", "IDR", "IDR", "USD", "VND"]

Step = tuple[str, int, int, str, bool]
"""What kind of thing happens, which row it is about, how much, in what currency, and a choice."""

KINDS = [
    *["revenue", "settle"] * 5,
    *["payout", "start"] * 8,
    *["send", "pay"] * 4,
    *["provider"] * 10,
    *["silence", "apply"] * 5,
    *["refused", "give up", "resubmit", "keep", "look"] * 3,
    "dismiss",
    *["statement", "settlement"] * 4,
    *["policy"] * 2,
    *["tick", "dispute"] * 4,
    *["resolve"] * 5,
    "channel",
    *["cycle", "cut"] * 2,
    *["entry", "match", "unmatch"] * 2,
    *["tolerance", "terms", "bank statement"],
    *["refund", "fee", "adjust", "hold", "release", "cancel", "fail", "return", "link", "backend", "bank"] * 2,
    *["freeze", "unfreeze", "unfreeze", "close", "open", "secret", "retire", "workspace"],
]
AMOUNTS = st.integers(1, 30) | st.integers(1, MOST)
STEP: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 3), AMOUNTS, st.sampled_from(CURRENCIES), st.booleans()
)


def beginning(through_plugipay: bool, with_money: bool = True) -> list[Step]:
    opening: list[Step] = [("open", 0, 1, "IDR", through_plugipay), ("bank", 0, 1, "IDR", True)]
    earning: list[Step] = [("revenue", 0, 100_000, "IDR", False), ("settle", 0, 90_000, "IDR", False)]
    return [*opening, *(earning if with_money else [])]


LIVES: st.SearchStrategy[list[Step]] = st.builds(
    lambda through_plugipay, steps: [*beginning(through_plugipay), *steps],
    st.booleans(),
    st.lists(STEP, min_size=25, max_size=60),
)


def moment(step: int) -> Instant:
    return f"2026-05-13T10:42:00.{step:06}Z"


def later(step: int) -> Instant:
    """A day for each step, so that cutoffs and pay dates come."""
    return shifted("2026-05-13T10:42:00.000000Z", timedelta(days=step))


def policy_of(amount: int, currency: str, flag: bool) -> dict[str, Any]:
    schedules: list[dict[str, Any]] = [
        {"schedule": "off"},
        {"schedule": "daily", "cutoff": {"time": "17:00"}, "automatic": True},
        {"schedule": "weekly", "cutoff": {"day": "thursday"}, "pay_day": "monday", "automatic": flag},
        {"schedule": "monthly", "cutoff": {"day": 31}, "pay_day": 5, "automatic": True},
    ]
    minimum = amount if flag and amount % 3 == 0 else None
    return {"currency": currency, **schedules[amount % 4], "minimum": minimum, "reserve": amount % 7 or None}


def _row(rows: dict[str, Any], which: int, missing: str) -> str:
    names = sorted(rows)
    return names[-1 - which % len(names)] if names else missing


def _out_of(there: int, amount: int, flag: bool) -> int:
    """An amount to take from what is there: all of it, one more than that, some of it, or whatever was drawn."""
    if there <= 0 or (flag and amount % 2):
        return amount
    return [there, there + 1, min(there, amount), min(there, amount)][amount % 4]


def command_of(step: Step, books: Books) -> AnyCommand:
    kind, which, amount, currency, flag = step
    reference = f"o-{which}"
    money = {"amount": amount, "currency": currency}
    order = {**money, "reference": reference}
    pending = books.orders.get((currency, reference), Order()).pending
    recorded = books.orders.get((currency, reference), Order()).recorded
    available = books.balance(currency).available
    payout = {"payout_id": _row(books.payouts, which, "pout_none")}
    reserve_id = _row(books.reserves, which, "rsv_none")
    held = books.reserves[reserve_id].remaining if reserve_id in books.reserves else 0
    bank = {"bank_name": "BCA", "bank_account_number": f"sealed:{which}", "bank_account_holder": "sealed:h"}
    why = {"reason": "because"}
    kinds: dict[str, tuple[type[commands.Command], dict[str, Any]]] = {
        "open": (commands.OpenAccount, {"currency": currency, "backend": "plugipay" if flag else "manual"}),
        "backend": (commands.SetBackend, {"backend": "plugipay" if flag else "manual"}),
        "bank": (commands.SetBankAccount, {**bank, "bank_code": "bca" if flag else None}),
        "workspace": (commands.SetProvider, {"workspace_id": "ws", "key_id": "k", "secret": "sealed:secret"}),
        "secret": (commands.AddWebhookSecret, {"secret": "sealed:secret"}),
        "retire": (commands.RetireWebhookSecret, {"secret_id": _row(books.secrets, which, "whs_none")}),
        "freeze": (commands.FreezeAccount, why),
        "unfreeze": (commands.UnfreezeAccount, why),
        "close": (commands.CloseAccount, why),
        "revenue": (commands.RecordRevenue, order),
        "settle": (commands.SettleRevenue, {**order, "amount": _out_of(pending, amount, flag)}),
        "refund": (commands.RecordRefund, {**order, "amount": _out_of(pending, amount, flag)}),
        "fee": (commands.ChargeFee, {**order, "kind": "platform"}),
        "adjust": (commands.Adjust, {**money, **why, "amount": amount if flag else -amount}),
        "hold": (commands.HoldReserve, {**money, **why, "amount": _out_of(available, amount, flag)}),
        "release": (
            commands.ReleaseReserve,
            {"reserve_id": reserve_id, "amount": _out_of(held, amount, flag) if flag else None},
        ),
        "payout": (
            commands.RequestPayout,
            {**money, **(bank if flag else {}), "amount": _out_of(available, amount, flag)},
        ),
        "cancel": (commands.CancelPayout, payout),
        "send": (commands.MarkInTransit, payout),
        "pay": (commands.MarkPaid, payout),
        "fail": (commands.MarkFailed, {**payout, "failure_reason": "because"}),
        "return": (commands.RecordBankReturn, {**payout, **why}),
        "link": (commands.LinkProviderPayout, {**payout, "provider_payout_id": f"po_{which}"}),
        "resubmit": (commands.ResubmitPayout, {**payout, **why}),
        "look": (commands.CloseCase, {"case_id": _row(books.cases, which, "case_none"), **why}),
        "channel": (
            commands.SetChannel,
            {"channel": "lazada" if amount % 2 else "tiktok", "collects": "platform" if flag else "seller"},
        ),
        "cycle": (
            commands.SetStatementCycle,
            {"cycle": CYCLES[amount % len(CYCLES)], "zone": "Asia/Jakarta" if flag else None},
        ),
        "tolerance": (commands.SetTolerance, {"currency": currency, "tolerance": str(amount % 300)}),
        "terms": (commands.SetSettlementTerms, {"channel": "lazada", "due_after_days": amount % 9}),
        "match": (
            commands.MakeMatch,
            {
                "entry_id": _row(books.bank_entries, which, "ben_none"),
                "targets": [
                    {"kind": "other", "id": "interest", "amount": amount if flag else None},
                    *([{"kind": "payout", "id": payout["payout_id"], "amount": 1}] if flag else []),
                ],
                **why,
            },
        ),
        "unmatch": (commands.UnmakeMatch, {"match_id": _row(books.matches, which, "mat_none"), **why}),
        "policy": (commands.SetPayoutPolicy, policy_of(amount, currency, flag)),
        "dispute": (
            commands.OpenDispute,
            {
                **order,
                **why,
                "amount": _out_of(recorded, amount, flag),
                "dispute_id": f"dsp_{amount}" if flag else None,
            },
        ),
        "resolve": (
            commands.ResolveDispute,
            {"dispute_id": _row(books.disputes, which, "dsp_none"), "outcome": "lost" if flag else "won", **why},
        ),
        "apply": (commands.CloseCase, {"case_id": _row(books.cases, which, "case_none"), **why, "apply": True}),
    }
    model, fields = kinds[kind]
    command: AnyCommand = model.model_validate({"account_id": ACCOUNT, **fields})  # type: ignore[assignment]
    return command


def observation_of(step: Step, number: int, books: Books) -> tuple[Observation, str | None]:
    """A delivery, and the payout that it is about as the service would find it."""
    _, which, amount, currency, flag = step
    provider_payout_id = f"po_{(which + amount) % 6}" if flag or amount % 3 else None
    mentioned = _row(books.payouts, which, "pout_none") if amount % 4 else None
    if mentioned in books.payouts and amount % 8:
        provider_payout_id = books.payouts[mentioned].provider_payout_id or provider_payout_id
    known = [name for name, row in books.payouts.items() if row.provider_payout_id == provider_payout_id]
    payout_id = known[0] if provider_payout_id and known else mentioned
    payout = books.payouts.get(payout_id or "")
    strange = payout is None or (flag and amount % 5 == 1)
    return (
        Observation(
            provider="plugipay",
            event_id=f"evt_{which if amount % 7 == 0 else number}",
            event_type="payout",
            says=list(Says)[amount % len(Says)],
            occurred_at=moment(amount % (number + 2)),
            provider_payout_id=provider_payout_id,
            amount=amount if strange else None,
            currency=currency if strange else None,
            failure_reason="because" if flag else None,
        ),
        payout_id,
    )


def outcome_of(step: Step, books: Books) -> Sequence[Fact]:
    """What the service itself notes of a payout on its way, or of a delivery it cannot take in."""
    kind, which, *_ = step
    payout_id = _row(books.payouts, which, "pout_none")
    payout, account = books.payouts.get(payout_id), books.account
    if kind == "dismiss":
        return [facts.DeliveryDismissed(f"dlv_{which}", "because")]
    if payout is None or account is None:
        return []
    match kind:
        case "start":
            may = submissions.may_be_submitted(payout, account)
            return submissions.start(payout_id, payout) if may else []
        case "silence":
            return submissions.silent(payout_id, payout, "no answer")
        case "refused":
            return submissions.refused(payout_id, payout, "because")
        case "give up":
            return submissions.given_up(ACCOUNT, payout_id, payout, "no trace of it")
        case _:
            return submissions.cancel_refused(payout_id, payout, "too late")


def statement_of(step: Step, number: int) -> facts.StatementObserved:
    """A statement that is seen once more or for the first time; its number may be that of an order of commands."""
    _, which, amount, currency, flag = step
    payout = [amount, amount, -amount, 0, None][amount % 5]
    created = moment(amount % 7) if amount % 11 else None
    return facts.StatementObserved(
        channel="lazada" if amount % 2 else "tiktok",
        number=f"o-{which}",
        source="lazada.sellercenter",
        currency=currency if amount % 13 == 0 else ("IDR", "IDR", "USD", "VND")[which],
        content={
            "StatementNumber": f"o-{which}",
            "Payout": None if payout is None else str(payout),
            "UpdatedAt": str(number),
        },
        findings=[],
        digest="d",
        collects="",
        reference="",
        seller="shop" if amount % 3 == 0 else None,
        created_at=created,
        paid=flag,
        payout=payout,
        deposit=amount % 50 if amount % 4 == 0 else None,
    )


def seen_by_statement(observed: facts.StatementObserved, books: Books) -> Books:
    """The books with only the rows that the service reads for an observation."""
    key = (observed.channel, observed.seller or "", observed.number)
    same_shop = {
        each: row for each, row in books.statements.items() if each[:2] == key[:2] and row.currency == observed.currency
    }
    mine = (observed.created_at or "", observed.number)
    by_age = sorted(same_shop, key=lambda each: (same_shop[each].created_at or "", each[2]))
    others = [each for each in by_age if each[2] != key[2]]
    earlier = [each for each in others if (same_shop[each].created_at or "", each[2]) < mine]
    with_deposit = [each for each in by_age if same_shop[each].deposit is not None]
    kept = {*earlier[-1:], *with_deposit[-2:]}
    seen = books.copy()
    seen.statements = {
        each: row for each, row in books.statements.items() if each in kept or each[2] == observed.number
    }
    wanted = {(observed.currency, reference) for reference in references(*key)}
    seen.orders = {each: row for each, row in books.orders.items() if each in wanted}
    seen.channels = {each: row for each, row in books.channels.items() if each == observed.channel}
    seen.payouts, seen.reserves, seen.secrets, seen.cases = {}, {}, {}, {}
    return seen


def settlement_of(step: Step, number: int) -> facts.SettlementObserved:
    """A record of one of two sources about the order of commands, or about money of its own, that books or releases."""
    _, which, amount, currency, flag = step
    booked = [amount, amount, -amount, None][amount % 4]
    source = ("shopee.escrow_detail", "shopee.income_report")[amount % 2]
    own = which == 3
    reference = f"wallet/{which}" if own else f"order/o-{which}"
    line = {
        "level": "order",
        "kind": "adjustment" if own else "payout",
        "amount": str(booked),
        "field": "a",
        "text": "1",
    }
    return facts.SettlementObserved(
        channel="shopee" if amount % 5 else "tokopedia",
        source=source,
        reference=reference,
        currency=currency if amount % 13 == 0 else ("IDR", "IDR", "USD", "VND")[which],
        stage="released" if flag else "owed",
        lines=[line if booked is None else {**line, "books": True}],
        findings=[],
        digest="d",
        collects="",
        counts_for="" if own else f"o-{which}",
        totals=True,
        seller="shop" if amount % 3 == 0 else None,
        order=None if own else f"o-{which}",
        statement="o-1" if amount % 7 == 0 else None,
        occurred_at=moment(amount % 5),
        amount=booked,
        releases=(reference if amount % 9 else "order/o-2") if flag and (booked is None or amount % 9) else None,
    )


def seen_by_settlement(observed: facts.SettlementObserved, books: Books) -> Books:
    """The books with only the rows that the service reads for a record."""
    seen = books.copy()
    sellers = {observed.seller or "", ""}
    told = {observed.reference, observed.releases}
    seen.settlements = {
        each: row
        for each, row in books.settlements.items()
        if each[0] == observed.channel and each[1] in sellers and each[2] in told
    }
    seen.statements = {
        each: row
        for each, row in books.statements.items()
        if each[0] == observed.channel and each[1] in sellers and each[2] == observed.statement
    }
    counted = {row.counts_for for row in seen.settlements.values()}
    own = order_references(observed.channel, observed.reference, observed.counts_for or None)
    wanted = {(observed.currency, reference) for reference in (*own, *counted)}
    seen.orders = {each: row for each, row in books.orders.items() if each in wanted}
    seen.channels = {each: row for each, row in books.channels.items() if each == observed.channel}
    seen.payouts, seen.reserves, seen.secrets, seen.cases = {}, {}, {}, {}
    return seen


def statements_of(number: int, books: Books) -> Sequence[Fact]:
    """The account's own statements up to here, as somebody draws them up who knows only the books."""
    chain = read_chain(books.account.settings) if books.account is not None else None
    if chain is None:
        return []
    drafts = [
        facts.StatementClosed(
            number=f"{ACCOUNT}-{number}-{currency}",
            currency=currency,
            cycle=chain.cycle.kind,
            zone=chain.cycle.zone,
            week_starts_on=chain.cycle.week_starts_on,
            starts_at=chain.cut_at,
            ends_at=moment(number),
            after_position=chain.through_position,
            after_version=chain.through_version,
            through_position=books.version,
            through_version=books.version,
            opening=chain.link(currency).closing,
            closing=owed(balance),
            held_before=chain.link(currency).held,
            held=balance.held,
            content={"ClosingBalance": str(owed(balance))},
            created_at="",
            previous=chain.link(currency).number,
        )
        for currency, balance in books.balances.items()
    ]
    return own_statements.close(drafts, books, moment(number), certain=False)


def entry_of(step: Step, books: Books) -> Sequence[Fact]:
    """A bank's entry that is seen once more or for the first time, or the end of a bank's statement."""
    kind, which, amount, currency, flag = step
    if not books.account:
        return []
    if kind == "bank statement":
        return observe_bank_statement(
            facts.BankStatementObserved("ba", "sealed:n", f"{which}", currency, amount, 1, "csv", []), books
        )
    signed = amount if amount % 2 else -amount
    observed = facts.BankEntryObserved(
        f"ben_{which}",
        "ba",
        currency if flag else "IDR",
        signed,
        f"2026-05-{amount % 9 + 1:02}",
        [],
        False,
        "csv",
        [],
        "d",
    )
    return observe_entry(observed, f"ben_{which}_{signed}", books)


NOTED = ("start", "silence", "refused", "give up", "keep", "dismiss")


def happens(step: Step, number: int, books: Books) -> tuple[Sequence[Fact] | Refusal, Instant]:
    """What the step leads to and when it happened; the books stay as they are."""
    before = books.copy()
    outcome: Sequence[Fact] | Refusal
    if step[0] == "provider":
        observation, payout_id = observation_of(step, number, books)
        outcome = observe(observation, books, payout_id, f"{number:026}")
        effective_at = observation.occurred_at
    elif step[0] == "statement":
        observed, effective_at = statement_of(step, number), moment(number)
        outcome = observe_statement(observed, seen_by_statement(observed, books)) if books.account else []
        assert not books.account or outcome == observe_statement(observed, books), "those rows suffice"
    elif step[0] == "settlement":
        record, effective_at = settlement_of(step, number), moment(number)
        outcome = observe_settlement(record, seen_by_settlement(record, books)) if books.account else []
        assert not books.account or outcome == observe_settlement(record, books), "those rows suffice"
    elif step[0] == "cut":
        outcome, effective_at = statements_of(number, books), moment(number)
    elif step[0] in ("entry", "bank statement"):
        outcome, effective_at = entry_of(step, books), moment(number)
    elif step[0] == "tick":
        ids = count(number * 1000)
        outcome, effective_at = due(books, later(number), lambda: f"{next(ids):026}", WEEKENDS), moment(number)
    elif step[0] in NOTED:
        outcome, effective_at = outcome_of(step, books), moment(number)
    else:
        command, effective_at = command_of(step, books), moment(number)
        seen = seen_by(command, books)
        untouched = seen.copy()
        try:
            outcome = decide(command, seen, Context(effective_at, moment(0), new_id=f"{number:026}", mode=LIVE))
        except Refusal as refusal:
            outcome = refusal
        assert seen == untouched, "a decision never writes in the books, and least of all a refusal"
    assert books == before
    return outcome, effective_at
