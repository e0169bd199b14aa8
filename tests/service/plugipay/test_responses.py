"""The provider's answers: one payout that our code fails on keeps no other of its page from being known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from events.catalog import AnyEvent
from events.provider import observe
from events.provider.observation import Observation
from events.provider.reports import ReportedStatus
from service.ledger.write_failures import Unavailable
from service.plugipay.outbound import follow_up
from service.plugipay.outbound.follow_up import record_responses
from tests.support.api import Api
from tests.support.consuming import a_payout

AT = "2026-05-12T00:00:00.000000Z"


def answer(number: int) -> tuple[Observation, tuple[str, ...]]:
    said = Observation(
        provider="plugipay",
        event_id=f"answer:po_{number}",
        event_type="answer.paid",
        says=ReportedStatus.PAID,
        occurred_at=AT,
        provider_payout_id=f"po_{number}",
        amount=100,
        currency="IDR",
        asked=True,
    )
    return said, ()


async def test_one_that_fails_is_raised_behind_the_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_payout(api, "po_0")
    real_observe = observe.observe

    def failing(observation: Observation, *rest: Any) -> Sequence[AnyEvent]:
        if observation.provider_payout_id == "po_2":
            raise KeyError("a field of tomorrow")
        return real_observe(observation, *rest)

    monkeypatch.setattr(follow_up, "observe", failing)
    lane = await api.ledger.lane_of("acc_1")
    with capture_logs() as logged, pytest.raises(KeyError):
        await record_responses(api.ledger, lane, "acc_1", [answer(number) for number in (1, 2, 3)])
    rows = await api.ledger.pool.fetch("SELECT event_id FROM provider_events ORDER BY event_id")
    assert [row["event_id"] for row in rows] == ["answer:po_1", "answer:po_3"]
    assert [line["payout"] for line in logged if line["event"] == "response_not_recorded"] == ["po_2"]


async def test_while_the_database_is_away_nothing_is_tried_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    async def away(_: int, unit: Any) -> None:
        tried.append(len(unit.observations))
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(api.ledger, "run", away)
    with pytest.raises(Unavailable):
        await record_responses(api.ledger, 1, "acc_1", [answer(1), answer(2)])
    assert tried == [2]
