"""Settings, and the table of them that people read."""

from __future__ import annotations

import re
from pathlib import Path

from service.platform.settings import Settings

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_lists_every_setting_and_no_other_with_its_default() -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## Settings") : text.index("## What it promises")]
    shown: dict[str, str] = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            _, names, defaults, _ = re.split(r" ?\| ?", line, maxsplit=3)
            variables = re.findall(r"`([A-Z_]+)`", names)
            values = defaults.split(", ") if len(variables) > 1 else [defaults]
            shown.update(zip(variables, (value.strip("`") for value in values), strict=True))
    assert shown.keys() == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = field.default
        told = shown[name.upper()]
        if isinstance(default, bool):
            assert told == str(default).lower(), name
        elif isinstance(default, int | float) or (isinstance(default, str) and default):
            assert told == str(default), name
        else:
            assert told in {"none", "required", "the system's authorities", "{}"}, name
