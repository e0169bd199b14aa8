"""What the service reads of tables, as Postgres counts it: what a request costs, whatever the machine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.tables import as_owner

PLANS = ("force_custom_plan", "force_generic_plan")
"""Postgres plans a statement for its values, or once for all: a page is to cost a page either way."""

_READ = """
SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)::bigint AS rows,
       (SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))
          FROM pg_statio_user_tables)::bigint AS blocks
"""


@dataclass(frozen=True, slots=True)
class Read:
    """Rows, and blocks of tables and indexes: entries that an index is gone through for in vain are no rows."""

    rows: int
    blocks: int


@contextlib.asynccontextmanager
async def counted(settings: Settings, plans: str, runtime: Runtime = REAL) -> AsyncIterator[Api]:
    """The service, with all its reads on one connection whose reads are counted; tables are analysed before."""
    owner = await as_owner(settings)
    await owner.execute("VACUUM ANALYZE")
    await owner.close()
    async with serving(settings.model_copy(update={"database_pool_size_max": 1}), runtime) as api:
        # Rows that are read in an index alone are not counted.
        await api.ledger.pool.execute(f"SET enable_indexonlyscan = off; SET plan_cache_mode = {plans}")
        yield api


async def read_by(api: Api, action: Callable[..., Awaitable[object]], *told: object) -> Read:
    """What was read while this was done."""
    before = await _read(api)
    await action(*told)
    after = await _read(api)
    return Read(after.rows - before.rows, after.blocks - before.blocks)


async def _read(api: Api) -> Read:
    # A connection tells what it read when it has nothing to do, and at once only if it is asked.
    await api.ledger.pool.execute("SELECT pg_stat_force_next_flush()")
    row = await api.ledger.pool.fetchrow(_READ)
    assert row is not None
    return Read(row["rows"], row["blocks"])
