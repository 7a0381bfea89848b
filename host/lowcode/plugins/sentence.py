"""Sentences that are written down at start and read later, by people of other languages."""

from dataclasses import dataclass, field

from lowcode.i18n import _


@dataclass(frozen=True, slots=True, init=False)
class Sentence:
    """A text of the catalogue with its values; `str()` gives it in the language of the moment."""

    text: str
    values: tuple[tuple[str, object], ...] = field(default=())

    def __init__(self, text: str, **values: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "values", tuple(values.items()))

    def __str__(self) -> str:
        return _(self.text, **dict(self.values))
