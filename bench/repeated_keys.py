"""What the check for repeated keys costs a command's body, beside parsing alone and beside a parser that looks itself.

python -m bench.repeated_keys
"""

from __future__ import annotations

import json
import timeit
from typing import Any

import orjson

from service.formats.json import check_keys

ROUNDS, TIMES = 7, 20_000
BODY: dict[str, Any] = {
    "commands": [
        {
            "type": "recordRevenue",
            "accountId": "acc_1",
            "idempotencyKey": "key-000001",
            "amount": 12500,
            "currency": "IDR",
            "reference": "ORD-000001",
        }
    ]
}


def microseconds(work: Any) -> float:
    return min(timeit.repeat(work, number=TIMES, repeat=ROUNDS)) / TIMES * 1e6


def main() -> None:
    body = json.dumps(BODY).encode()
    document = orjson.loads(body)
    parse = microseconds(lambda: orjson.loads(body))
    check = microseconds(lambda: check_keys(body, document))
    hook = microseconds(lambda: json.loads(body, object_pairs_hook=dict))
    print(f"{len(body)} bytes: parse {parse:.2f} us, check {check:.2f} us more; json with a hook {hook:.2f} us")


if __name__ == "__main__":
    main()
