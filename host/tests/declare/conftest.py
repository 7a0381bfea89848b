"""A small good plugin about a library, which tests spoil one place at a time."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lowcode.declare.load import Loaded, load_plugin

GOOD = {
    "manifest.yaml": """\
plugin: library
label: Library
version: 1.2.0
host_api: ">=1.0,<2"
roles:
  librarian: Librarian
  clerk: Clerk
numbering:
  loan: {pattern: "L{yyyy}{mm}{dd}-{seq:04}", reset: day}
panels:
  home: {label: Home, roles: [librarian]}
menu:
  - {label: Home, panel: home}
  - {label: Loans, list: loan/all}
settings:
  days: {label: Days, type: integer, min: 1, default: 30}
jobs:
  remind: {label: Remind, every: day, at: 02:30}
notifications:
  late: Late loans
""",
    "dictionaries/genre.yaml": """\
dictionary: genre
label: Genre
items:
  novel: {label: Novel, default: true, value: 5, shelf: A}
  crime: {label: Crime, parent: novel, shelf: A}
  "13": {label: Thirteen}
""",
    "forms/book.yaml": """\
form: book
label: Book
title: name
sections:
  - label: Basics
    fields:
      name: {label: Name, type: text, max: 100, required: true, pattern: "[A-Z].*"}
      genre: {label: Genre, type: choice, dictionary: genre, where: {shelf: A}, default: crime}
      price: {label: Price, type: money, min: 0}
      loans: {label: Loans, type: integer, rollup: {form: loan, by: book}}
      fees: {label: Fees, type: money, rollup: {form: loan, by: book, sum: fee, where: {status: out}}}
      last: {label: Last loan, type: ref, form: loan, same: {book: id}}
lists:
  all: {columns: [name, genre, created_at], filters: [genre], search: name, sort: -created_at}
access:
  librarian: {read: all, create: true, edit: all, delete: all}
  clerk: {read: {price__lt: 100}}
""",
    "forms/loan.yaml": """\
form: loan
label: Loan
title: number
number: loan
workflow: loan
owner: owner
sections:
  - label: Basics
    fields:
      book: {label: Book, type: ref, form: book, required: true, where: {price__gte: 0}, fill: {genre: genre}}
      genre: {label: Genre, type: choice, dictionary: genre}
      owner: {label: Owner, type: user, default: me}
      due: {label: Due, type: date, default: today+30}
      fee: {label: Fee, type: money, computed: true}
      earlier: {label: Earlier, type: ref, form: loan, same: [book]}
  - label: Items
    fields:
      items:
        label: Items
        type: lines
        min: 1
        max: 20
        fields:
          copy: {label: Copy, type: text}
          weight: {label: Weight, type: number, digits: 3, more_than: 0, max: 9.5, suggest: genre}
lists:
  all:
    columns: [number, book, owner, status]
    filters: [status, owner]
    search: [number]
    sort: [-due, number]
  late:
    columns: [number]
    where: {status__in: [out], due__lt: $today}
actions:
  extend:
    label: Extend
    roles: [librarian]
    when: {status: out}
    params:
      days: {label: Days, type: integer, required: true}
access:
  librarian: {read: all, edit: own, delete: [own, {status: draft}]}
  clerk: {read: department}
  admin: {read: all}
""",
    "workflows/loan.yaml": """\
workflow: loan
label: Loan
form: loan
states:
  draft: {label: Draft, editable: true}
  asked: {label: Asked}
  out: {label: Out}
moves:
  ask:
    label: Ask
    from: draft
    to: asked
    approval: desk
    when: {fee__gte: 1}
    params:
      due: {label: Due, type: date}
  take_back: {label: Take back, from: [asked, out], to: draft, by: [submitter, librarian]}
approvals:
  desk:
    approved: out
    rejected: draft
    steps:
      - {name: head, label: Head, approvers: {head_of: owner}, when: {fee__gt: 10}}
      - {name: desk, label: Desk, approvers: {role: librarian}, mode: all, due_hours: 8}
    copy_to: {role: admin}
""",
}

Files = Mapping[str, str | bytes]


@pytest.fixture
def good() -> dict[str, str | bytes]:
    """The texts of a plugin without faults, by file."""
    return dict(GOOD)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[Files], Loaded]:
    """Write a plugin's files and load them."""

    def write_and_load(files: Files) -> Loaded:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_plugin(tmp_path)

    return write_and_load
