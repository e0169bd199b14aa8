"""How a kept file is to be read: what a person says now, over what was said when it was read last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from events.refusals import InvalidCommand
from service.banks.booking import PROVIDER as BANK
from service.banks.columns import Layout
from service.banks.import_source import SEALED_NUMBER, BankOptions, read_columns
from service.imports.import_source import ImportRequest, RecordSource
from service.imports.kept_files import KeptFile
from service.marketplaces.import_source import MarketplaceOptions


@dataclass(frozen=True, slots=True)
class ReadingParameters:
    """The parameters of an import that can be given later. What is None is as it was."""

    currency: str | None = None
    columns: str | None = None
    seller: str | None = None
    zone: str | None = None
    collects: str | None = None
    types: str | None = None
    observed_at: str | None = None
    bank_account: str | None = None
    format: str | None = None
    decimal: str | None = None
    dates: str | None = None

    def request(self, kept: KeptFile) -> ImportRequest[RecordSource[Any]]:
        """The request to read the file. InvalidCommand, with its field, for a parameter that it is not read with."""
        if kept.request["channel"] == BANK:
            self._refuse(_OF_MARKETPLACES, "of marketplaces' files, and this is a bank's")
            options: BankOptions | MarketplaceOptions = self._of_a_bank(kept)
        else:
            self._refuse(_OF_BANKS, "of banks' files, and this is a marketplace's")
            options = self._of_a_marketplace(kept)
        request: ImportRequest[Any] = ImportRequest(kept.of.account_id, kept.request["name"], options)
        request.check()
        return request

    def with_currency(self, currency: str | None) -> ReadingParameters:
        """The same, with a currency where none is given."""
        return self if self.currency is not None else replace(self, currency=currency)

    def _refuse(self, names: Mapping[str, str], why: str) -> None:
        for name, field in names.items():
            if getattr(self, name) is not None:
                raise InvalidCommand(f"{field} is {why}: leave it out", field=field)

    def _of_a_bank(self, kept: KeptFile) -> BankOptions:
        was = kept.request
        number = was["bank_account"]
        if number is not None and self.bank_account is None:
            assert kept.key is not None, "a file without its key is not read"
            number = kept.key.unseal(SEALED_NUMBER, number)
        layout = Layout(**{**was["layout"], "columns": tuple(map(tuple, was["layout"]["columns"]))})
        if self.columns is not None:
            layout = replace(layout, columns=read_columns(self.columns))
        if self.decimal is not None:
            layout = replace(layout, decimal=self.decimal)
        if self.dates is not None:
            if self.dates not in ("dmy", "mdy"):
                raise InvalidCommand("dates is dmy or mdy", field="dates")
            layout = replace(layout, month_first=self.dates == "mdy")
        if self.format is not None:
            layout = replace(layout, recipe=self.format)
        return BankOptions(self.bank_account or number, self.currency or was["currency"], layout)

    def _of_a_marketplace(self, kept: KeptFile) -> MarketplaceOptions:
        names = ("seller", "currency", "zone", "collects", "columns", "types", "observed_at")
        given = {name: getattr(self, name) for name in names}
        was = {name: kept.request.get(name) for name in names}
        return MarketplaceOptions(
            kept.request["channel"], **{name: was[name] if given[name] is None else given[name] for name in names}
        )


_OF_MARKETPLACES = {
    "seller": "seller", "zone": "zone", "collects": "collects", "types": "types", "observed_at": "observedAt",
}  # fmt: skip
_OF_BANKS = {"bank_account": "bankAccount", "format": "format", "decimal": "decimal", "dates": "dates"}
