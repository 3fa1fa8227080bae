"""The SQL tables of stored counts."""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.schema import Base, Bytes

_Big = BigInteger().with_variant(Integer(), "sqlite")


class DayCountRow(Base):
    """A version of the counts of one day; the counts, with the ids of the rows that made them, are an object.

    `recipe` is the digest of everything beside the rows that decided them, `basis` that of the list of rows.
    """

    __tablename__ = "day_counts"
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    target: Mapped[str] = mapped_column(String(100), primary_key=True)  # empty: every target
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(71))
    recipe: Mapped[str] = mapped_column(String(71))
    basis: Mapped[str] = mapped_column(String(71))
    tables: Mapped[str] = mapped_column(Text)  # canonical JSON: the version number of each table
    counted_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class CountHeadRow(Base):
    """How far a model's counts have come: a cache, made anew from the rows whenever it does not fit them.

    `known` is which known time; `tables`, `pending`, `superseded` are JSON: per table the newest segment, the segments
    that hold rows not known yet, and the corrected rows.
    """

    __tablename__ = "count_heads"
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    target: Mapped[str] = mapped_column(String(100), primary_key=True)
    known: Mapped[str] = mapped_column(String(8), primary_key=True)
    as_of: Mapped[str] = mapped_column(String(10))
    zones: Mapped[str] = mapped_column(String(71))
    tables: Mapped[str] = mapped_column(Text)
    pending: Mapped[str] = mapped_column(Text)
    superseded: Mapped[str] = mapped_column(Text)


class CountDayRow(Base):
    """What a head knows of a day: its rows (listed in the object `digest`), their segments, predictions, sites."""

    __tablename__ = "count_days"
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    target: Mapped[str] = mapped_column(String(100), primary_key=True)
    known: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    basis: Mapped[str] = mapped_column(String(71))
    digest: Mapped[str] = mapped_column(String(71))
    made_first: Mapped[str] = mapped_column(String(27))
    made_last: Mapped[str] = mapped_column(String(27))
    sites: Mapped[str] = mapped_column(Text)
    segments: Mapped[str] = mapped_column(Text)


class CountPlaceRow(Base):
    """The day of whatever bears a UID or a prediction's name, by a digest of 16 bytes."""

    __tablename__ = "count_places"
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    target: Mapped[str] = mapped_column(String(100), primary_key=True)
    known: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[bytes] = mapped_column(Bytes(16), primary_key=True)
    day: Mapped[str] = mapped_column(String(10))
