"""Money is an amount with its currency; amounts in two currencies never add."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from quarterdeck.vocabulary.errors import BadInput


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one ISO 4217 currency.

    >>> Money(Decimal("2.50"), "GBP") + Money(Decimal("1"), "GBP")
    Money(amount=Decimal('3.50'), currency='GBP')
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isalpha() or not self.currency.isupper():
            raise BadInput("Not a currency code", thing=repr(self.currency), allowed="three capitals as in ISO 4217, such as GBP")
        if not self.amount.is_finite():
            raise BadInput("An amount of money must be finite", thing=str(self.amount))

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same_currency(other), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other)

    def convert(self, rate: Decimal, currency: str) -> Money:
        """The same value in another currency; `rate` is units of `currency` for one unit of this one."""
        return Money(self.amount * rate, currency)

    def _same_currency(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise BadInput(
                "Amounts in two currencies do not add",
                thing=f"{self.currency} and {other.currency}",
                next_step="Convert one at a stated rate.",
            )
        return other.amount
