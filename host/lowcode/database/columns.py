"""Column types that hold the same values on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

Id = BigInteger().with_variant(Integer(), "sqlite")
"""A record's id: 64 bits; SQLite numbers rows by itself only in a column typed INTEGER."""


class FixedDecimal(TypeDecorator[Decimal]):
    """A decimal with a fixed scale: `numeric` on PostgreSQL, a scaled 64-bit integer on SQLite.

    SQLite has no exact decimal type; its NUMERIC columns turn into binary floating point.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int = 18, scale: int = 2) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        """Scale for SQLite, rounding as PostgreSQL does."""
        return None if value is None else int(Decimal(value).scaleb(self.scale).to_integral_value(ROUND_HALF_UP))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Scale back, to the declared number of places."""
        return None if value is None else Decimal(value).scaleb(-self.scale)

    def bind_processor(self, dialect: Dialect) -> Any:
        """PostgreSQL's `numeric` takes the value as it is."""
        return super().bind_processor(dialect) if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """PostgreSQL's `numeric` gives the value with all its places."""
        return super().result_processor(dialect, coltype) if dialect.name == "sqlite" else None


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Stored without a zone, in UTC; read back aware, in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC and drop the zone."""
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that the value is UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None
