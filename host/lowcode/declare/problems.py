"""The table of every fault a declaration can have, and the collector that keeps where it stands."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from lowcode.declare.model import Problem

PROBLEMS: dict[str, str] = {
    "E101": "A declaration file is missing or cannot be read.",
    "E102": "A file is larger than 256 kB.",
    "E103": "A file is not UTF-8.",
    "E104": "A file or a value holds control characters.",
    "E105": "A file is not well-formed YAML.",
    "E106": "A file holds more than one document.",
    "E107": "A file uses an anchor, an alias or a merge key.",
    "E108": "A file uses a tag or a directive.",
    "E109": "Values are nested more than 20 deep.",
    "E110": "A key stands twice in one mapping.",
    "E111": "A key is not plain text.",
    "E112": "A number is not finite or has too many digits.",
    "E113": "A file holds too many values.",
    "E114": "A file is empty or is not a mapping.",
    "E115": "A key is not known here.",
    "E116": "A key is missing.",
    "E117": "A value has the wrong type.",
    "E118": "A value is not one of the words accepted here.",
    "E119": "A mapping or list is empty where at least one entry is needed.",
    "E120": "A name does not follow the rule for names.",
    "E121": "A file is not called like what it declares.",
    "E122": "Two files declare the same name.",
    "E123": "A file has an ending that is not read.",
    "E124": "A file has more faults than are shown.",
    "E201": "A field type does not exist.",
    "E202": "A key does not belong to this field type.",
    "E203": "A form is not declared.",
    "E204": "A field type needs a key that is missing.",
    "E205": "A dictionary is not declared, or has not what the field needs.",
    "E206": "A field is not declared.",
    "E207": "The two fields of a fill do not agree.",
    "E208": "A `same` does not lead from the chosen record to this one.",
    "E209": "A condition names a field that is not declared.",
    "E210": "A condition has an operator or a value that does not fit its field.",
    "E211": "A name is reserved.",
    "E212": "A field is declared twice in one form.",
    "E213": "Two keys of a field contradict each other.",
    "E214": "A rollup does not fit the form it adds up.",
    "E215": "The bounds of a field make no sense.",
    "E216": "A default does not suit the field.",
    "E217": "A pattern is not a usable regular expression.",
    "E218": "A role is not declared.",
    "E219": "The title of a form is not a field that can name a record.",
    "E220": "The owner of a form is not a user field.",
    "E221": "A list, filter, search or sort uses a field that does not suit it.",
    "E222": "A table name is too long or is used twice.",
    "E223": "Line items hold line items.",
    "E224": "An action and a move have the same name.",
    "E225": "A row scope cannot be worked out.",
    "E226": "A numbering rule is not declared.",
    "E227": "A workflow is not declared.",
    "E228": "The template of a print or a panel is missing, cannot be read, or is not well written.",
    "E229": "A list stands under one that cannot show it as a tab.",
    "E230": "A board is made of a field that does not suit it.",
    "E231": "A board moves its cards by an action that cannot do so.",
    "E232": "A calendar is made of a field that is no date.",
    "E233": "A derived field stands where a stored one is needed.",
    "E234": "A field by which duplicates are recognised does not suit that.",
    "E235": "A timeline names a field that does not suit it.",
    "E236": "A difference is not one of two stored figures of its form.",
    "E237": "A secret stands where people or programs would see it.",
    "E238": "A list names a button that its records do not have.",
    "E239": "A dialog lists records of a form that does not point to the record.",
    "E301": "The parent of a dictionary item is not an item.",
    "E302": "Dictionary items are their own ancestors.",
    "E303": "A dictionary has more than one default.",
    "E304": "An attribute of a dictionary item looks like a misspelt key.",
    "E401": "A form and a workflow do not name each other.",
    "E402": "A state is not declared.",
    "E403": "An approval is not declared.",
    "E404": "The approvers of a step cannot be worked out.",
    "E405": "Two steps of an approval have the same name.",
    "E406": "A move's parameter does not agree with the form's field of the same name.",
    "E407": "A move's parameter sets a field that is not there, or that does not take its value.",
    "E408": "A state says without need or reason that its records may be deleted.",
    "E501": "The version is not a release number.",
    "E502": "The host range is not a version range.",
    "E503": "A role name belongs to the host.",
    "E504": "A numbering pattern is not usable.",
    "E505": "A numbering pattern lacks the date parts its reset needs.",
    "E506": "A menu entry opens nothing, or two things.",
    "E507": "A menu entry opens something that is not declared.",
    "E508": "The time of a job makes no sense.",
    "E509": "A field type cannot be a setting.",
    "E510": "The plugin name belongs to the host.",
    "E511": "A kind of notification belongs to the host.",
    "E512": "A panel asks for what it cannot, or saves what is no setting.",
    "E513": "An endpoint does not name what it needs.",
}

MOST_SHOWN = 100
"""Faults shown of one file: nobody mends more at once, and a hostile file must not fill the page."""

_LONGEST = 60


def shorten(text: str) -> str:
    """Cut a text from a file so that messages and paths stay readable."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def quote(text: str) -> str:
    """Put a text from a file between quotes."""
    return f"'{shorten(text)}'"


def hint(word: str, candidates: Iterable[str]) -> str:
    """Return ` Did you mean '…'?` when a candidate is close to the word, else nothing."""
    if len(word) > _LONGEST:
        return ""
    known = list(candidates)[:500]
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


@dataclass(slots=True)
class Report:
    """All faults of one plugin, with the line of every path of every file."""

    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, file: str, id: str, path: str, message: str, line: int | None = None) -> None:
        """Keep one fault; the line is that of the path, or of the nearest thing above it."""
        if id not in PROBLEMS:
            raise KeyError(f"The fault {id} is not in PROBLEMS.")
        at = self.line_of(file, path) if line is None else line
        count = self._counts[file] = self._counts.get(file, 0) + 1
        if count <= MOST_SHOWN:
            self.problems.append(Problem(file, at, id, path or "file", message))
        elif count == MOST_SHOWN + 1:
            message = f"The file has more than {MOST_SHOWN} faults. Mend these first, then check again."
            self.problems.append(Problem(file, at, "E124", path or "file", message))

    def line_of(self, file: str, path: str) -> int:
        """Return the line a path stands on."""
        known = self.lines.get(file, {})
        while path and path not in known:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return known.get(path, 1)

    def sorted(self) -> list[Problem]:
        """Return the faults by file and line."""
        return sorted(self.problems, key=lambda problem: (problem.file, problem.line))


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file: `spot / "fields" / name` goes down a key, `spot[0]` into a list."""

    report: Report
    file: str
    path: str = ""

    def __truediv__(self, name: str) -> "Spot":
        short = shorten(name)
        return Spot(self.report, self.file, f"{self.path}.{short}" if self.path else short)

    def __getitem__(self, index: int) -> "Spot":
        return Spot(self.report, self.file, f"{self.path}[{index}]")

    def fault(self, id: str, message: str) -> None:
        """Report a fault here."""
        self.report.add(self.file, id, self.path, message)
