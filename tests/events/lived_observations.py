"""What others say in a step of a life, and what the service notes: the provider, marketplaces, banks, the closer."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.observe import observe_bank_statement, observe_entry
from events.banking.withdraw import withdraw_bank_statement, withdraw_entry
from events.catalog import AnyEvent
from events.channels.events import StatementObserved
from events.channels.observe import references
from events.channels.withdraw import withdraw_statement
from events.observations import contents_of, newest_content
from events.payouts import submissions
from events.provider.events import DeliveryDismissed
from events.provider.observation import Observation
from events.provider.reports import ReportedStatus
from events.settlements.events import SettlementObserved
from events.settlements.observe import order_references
from events.settlements.withdraw import SaidOfMoney, withdraw_settlement
from events.statements import decide
from events.statements.chain import CHANNEL as OWN
from events.statements.chain import read_chain
from events.statements.events import StatementClosed
from events.statements.evolve import owed
from tests.events.steps import Step, moment, pick
from tests.spec import ACCOUNT


def observation_of(step: Step, number: int, state: AccountState) -> tuple[Observation, str | None]:
    """A delivery, and the payout that it is about as the service would find it."""
    _, which, amount, currency, flag = step
    provider_payout_id = f"po_{(which + amount) % 6}" if flag or amount % 3 else None
    mentioned = pick(state.payouts, which, "pout_none") if amount % 4 else None
    if mentioned in state.payouts and amount % 8:
        provider_payout_id = state.payouts[mentioned].provider_payout_id or provider_payout_id
    known = [name for name, row in state.payouts.items() if row.provider_payout_id == provider_payout_id]
    payout_id = known[0] if provider_payout_id and known else mentioned
    payout = state.payouts.get(payout_id or "")
    strange = payout is None or (flag and amount % 5 == 1)
    return (
        Observation(
            provider="plugipay",
            event_id=f"evt_{which if amount % 7 == 0 else number}",
            event_type="payout",
            says=list(ReportedStatus)[amount % len(ReportedStatus)],
            occurred_at=moment(amount % (number + 2)),
            provider_payout_id=provider_payout_id,
            amount=amount if strange else None,
            currency=currency if strange else None,
            failure_reason="because" if flag else None,
        ),
        payout_id,
    )


def outcome_of(step: Step, state: AccountState) -> Sequence[AnyEvent]:
    """What the service itself notes of a payout on its way, or of a delivery it cannot take in."""
    kind, which, *_ = step
    payout_id = pick(state.payouts, which, "pout_none")
    payout, account = state.payouts.get(payout_id), state.account
    if kind == "dismiss":
        return [DeliveryDismissed(f"dlv_{which}", "because")]
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
        case "forgotten":
            return submissions.unknown_to_provider(state, payout_id)
        case _:
            return submissions.cancel_refused(payout_id, payout, "too late")


def statement_of(step: Step, number: int) -> StatementObserved:
    """A statement that is seen once more or for the first time; its number may be that of an order of commands."""
    _, which, amount, currency, flag = step
    payout = [amount, amount, -amount, 0, None][amount % 5]
    created = moment(amount % 7) if amount % 11 else None
    return StatementObserved(
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


def seen_by_statement(observed: StatementObserved, state: AccountState) -> AccountState:
    """The books with only the rows that the service reads for an observation."""
    key = (observed.channel, observed.seller or "", observed.number)
    same_shop = {
        each: row for each, row in state.statements.items() if each[:2] == key[:2] and row.currency == observed.currency
    }
    mine = (observed.created_at or "", observed.number)
    by_age = sorted(same_shop, key=lambda each: (same_shop[each].created_at or "", each[2]))
    others = [each for each in by_age if each[2] != key[2]]
    earlier = [each for each in others if (same_shop[each].created_at or "", each[2]) < mine]
    with_deposit = [each for each in by_age if same_shop[each].deposit is not None]
    kept = {*earlier[-1:], *with_deposit[-2:]}
    seen = state.copy()
    seen.statements = {
        each: row for each, row in state.statements.items() if each in kept or each[2] == observed.number
    }
    wanted = {(observed.currency, reference) for reference in references(*key)}
    seen.orders = {each: row for each, row in state.orders.items() if each in wanted}
    seen.channels = {each: row for each, row in state.channels.items() if each == observed.channel}
    seen.payouts, seen.reserves, seen.secrets, seen.cases = {}, {}, {}, {}
    return seen


def settlement_of(step: Step, number: int) -> SettlementObserved:
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
    return SettlementObserved(
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


def withdrawn(step: Step, state: AccountState) -> Sequence[AnyEvent]:
    """What was read wrongly is withdrawn: an entry or a statement of a bank, a statement, or what a source said of money."""
    _, which, amount, _, _ = step
    why = "the file was read anew"
    match amount % 4:
        case 0:
            return withdraw_entry(pick(state.bank_entries, which, "ben_none"), why, "operator:a", state)
        case 1:
            return withdraw_bank_statement(pick(state.bank_statements, which, ("ba", "none", "")), why, state)
        case 2:
            told = {key: row for key, row in state.statements.items() if key[0] != OWN}
            return withdraw_statement(pick(told, which, ("lazada", "", "none")), "d", why, state)
        case _:
            key = pick(state.settlements, which, ("shopee", "", "none"))
            money = state.settlements.get(key)
            source = pick(money.sources if money else {}, which, "shopee.escrow_detail")
            content = newest_content(contents_of(money.sources if money else {}, source)) or "none"
            return withdraw_settlement(SaidOfMoney(key, source, key[2], content), why, state, {})


def seen_by_settlement(observed: SettlementObserved, state: AccountState) -> AccountState:
    """The books with only the rows that the service reads for a record."""
    seen = state.copy()
    sellers = {observed.seller or "", ""}
    told = {observed.reference, observed.releases, observed.adjusts}
    seen.settlements = {
        each: row
        for each, row in state.settlements.items()
        if each[0] == observed.channel and each[1] in sellers and each[2] in told
    }
    seen.statements = {
        each: row
        for each, row in state.statements.items()
        if each[0] == observed.channel and each[1] in sellers and each[2] == observed.statement
    }
    counted = {(row.currency, row.counts_for) for row in seen.settlements.values()}
    own = order_references(observed.channel, observed.reference, observed.counts_for or None)
    wanted = {(observed.currency, reference) for reference in own} | counted
    seen.orders = {each: row for each, row in state.orders.items() if each in wanted}
    seen.channels = {each: row for each, row in state.channels.items() if each == observed.channel}
    seen.payouts, seen.reserves, seen.secrets, seen.cases = {}, {}, {}, {}
    return seen


def statements_of(number: int, state: AccountState) -> Sequence[AnyEvent]:
    """The account's own statements up to here, as somebody draws them up who knows only the books."""
    chain = read_chain(state.account.settings) if state.account is not None else None
    if chain is None:
        return []
    drafts = [
        StatementClosed(
            number=f"{ACCOUNT}-{number}-{currency}",
            currency=currency,
            cycle=chain.cycle.kind,
            zone=chain.cycle.zone,
            week_starts_on=chain.cycle.week_starts_on,
            starts_at=chain.cut_at,
            ends_at=moment(number),
            after_position=chain.through_position,
            after_version=chain.through_version,
            through_position=state.version,
            through_version=state.version,
            opening=chain.link(currency).closing,
            closing=owed(balance),
            held_before=chain.link(currency).held,
            held=balance.held,
            content={"ClosingBalance": str(owed(balance))},
            created_at="",
            previous=chain.link(currency).number,
        )
        for currency, balance in state.balances.items()
    ]
    return decide.close(drafts, state, moment(number), certain=False)


def entry_of(step: Step, state: AccountState) -> Sequence[AnyEvent]:
    """A bank's entry that is seen once more or for the first time, or the end of a bank's statement."""
    kind, which, amount, currency, flag = step
    if not state.account:
        return []
    if kind == "bank statement":
        return observe_bank_statement(
            BankStatementObserved("ba", "sealed:n", f"{which}", currency, amount, 1, "csv", []), state
        )
    signed = amount if amount % 2 else -amount
    observed = BankEntryObserved(
        "",
        "ba",
        currency if flag else "IDR",
        1000 if signed > 0 else -1000,
        f"2026-05-{amount % 9 + 1:02}",
        [f"ref-{currency}"],
        False,
        "csv",
        [],
        "d",
        reference=f"bank-{which % 3}",
        content=f"content-{which}-{signed % 2}-{flag}",
        statement={"number": f"{which % 2}", "opening": 0, "closing": signed} if flag else None,
        balance=None if amount % 5 else amount,
    )
    taken = set(list(state.bank_entries)[: amount % 2])
    return observe_entry(observed, (), taken, state)[1]
