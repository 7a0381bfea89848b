"""Check forms: sections, lists, actions and access."""

from collections.abc import Mapping

from lowcode.declare.check_conditions import check_condition
from lowcode.declare.check_fields import check_field
from lowcode.declare.check_links import TEXTS, check_links
from lowcode.declare.fields import Field
from lowcode.declare.model import Access, Form, ListView
from lowcode.declare.names import (
    RESERVED_COLUMNS,
    RESERVED_FIELDS,
    RESERVED_FILTERS,
    RESERVED_LISTS,
    RESERVED_PARAMETERS,
)
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Fields, Scene

SCOPES = ("own", "department", "all")
WITH = "with "
NO_COLUMN = ("lines",)
NO_ORDER = ("lines", "image", "files")
NEEDS_RECORD = tuple("computed derived readonly create_only unique rollup difference visible_to masked_without".split())
NO_TITLE = ("lines", "image", "files", "boolean", "choice", "ref", "user", "department")


def check_form(form: Form, scene: Scene) -> None:
    """Report every fault of one form."""
    spot = scene.file(form.file)
    _check_sections(form, spot, scene)
    fields = scene.fields_of(form)
    _check_heads(form, fields, spot, scene)
    for name, view in form.lists.items():
        if name in RESERVED_LISTS:
            (spot / "lists" / name).fault("E211", f"The name '{name}' is reserved in addresses. Choose another name.")
        _check_list(view, form, fields, spot / "lists" / name, scene)
    for name, action in form.actions.items():
        at = spot / "actions" / name
        scene.roles(action.roles, at / "roles")
        check_condition(action.when, fields, at / "when", scene, scene.states_of(form))
        for word in ("seen", "conflict_when"):
            check_condition(getattr(action, word), fields, at / word, scene, scene.states_of(form))
        check_parameters(action.params, at / "params", scene, form)
    for role, access in form.access.items():
        scene.roles([role], spot / "access" / role)
        _check_access(access, form, fields, spot / "access" / role, scene)


def _check_sections(form: Form, spot: Spot, scene: Scene) -> None:
    seen: dict[str, int] = {}
    fields = scene.fields_of(form)
    for index, section in enumerate(form.sections):
        for name, declared in section.fields.items():
            at = (spot / "sections")[index] / "fields" / name
            if name in seen:
                message = f"The field '{name}' already stands in sections[{seen[name]}]. Keep one of them."
                at.fault("E212", message)
            seen.setdefault(name, index)
            _check_name(name, form, at)
            _check_one(declared, fields, form, at, scene)


def _check_name(name: str, form: Form, spot: Spot) -> None:
    if (name == "number" and form.number) or (name == "status" and form.workflow):
        cause = "numbering rule" if name == "number" else "workflow"
        spot.fault("E211", f"The form's {cause} already adds the field '{name}'. Choose another name.")
    elif name in RESERVED_FIELDS:
        spot.fault("E211", f"The name '{name}' is reserved. Choose another name, such as '{name}_text'.")


def _check_one(declared: Field, around: Fields, form: Form | None, spot: Spot, scene: Scene) -> None:
    """Check a field and, for line items, their columns."""
    if not check_field(declared, spot, scene):
        return
    check_links(declared, around, form, spot, scene)
    if declared.hidden:
        (spot / "hidden").fault("E213", "'hidden' has a meaning for columns of line items only. Remove it.")
    for name, column in declared.fields.items():
        at = spot / "fields" / name
        if name in RESERVED_COLUMNS:
            at.fault("E211", f"The name '{name}' is reserved. Choose another name, such as '{name}_text'.")
        if column.type == "lines":
            at.fault("E223", "Line items cannot hold line items. Make a form of its own that refers to this one.")
            continue
        if column.type in {"image", "files"}:
            at.fault("E213", f"A column cannot be of type {column.type}. Give the form itself a field for files.")
        for word in ("rollup", "difference", "unique", "visible_to", "masked_without", "create_only"):
            if getattr(column, word):
                (at / word).fault("E213", f"'{word}' does not work inside line items. Remove it.")
        if check_field(column, at, scene):
            check_links(column, declared.fields, form, at, scene)


def check_parameters(params: Mapping[str, Field], spot: Spot, scene: Scene, form: Form | None = None) -> None:
    """Report faults of the fields of a dialog about a record of a form, with which chosen records may have to agree."""
    for name, declared in params.items():
        at = spot / name
        if name in RESERVED_PARAMETERS:
            at.fault("E211", f"The name '{name}' is reserved in dialogs. Choose another name.")
        check_loose(declared, params, at, scene, form)
        for column in declared.fields.values():
            _check_column_of_dialog(column, at / "fields" / column.name)


def _check_column_of_dialog(column: Field, spot: Spot) -> None:
    """Report what nothing fills in the table of a dialog, which no save follows."""
    for word in ("computed", "derived", "fill"):
        if getattr(column, word):
            (spot / word).fault(
                "E213", f"'{word}' has no meaning in the table of a dialog. Remove it; `propose_<action>` fills rows."
            )


def check_loose(declared: Field, around: Fields, spot: Spot, scene: Scene, form: Form | None = None) -> None:
    """Check a field of a dialog or of the settings, which has no record behind it."""
    for word in NEEDS_RECORD:
        if getattr(declared, word):
            (spot / word).fault("E213", f"'{word}' has no meaning for a field without a record. Remove it.")
    _check_one(declared, around, form, spot, scene)


def _check_heads(form: Form, fields: Fields, spot: Spot, scene: Scene) -> None:
    """Check title, owner, number and workflow."""
    if form.title and form.title not in fields:
        near = hint(form.title, fields)
        (spot / "title").fault("E206", f"{quote(form.title)} is not a field of the form.{near} Name one of its fields.")
    elif form.title and fields[form.title].type in NO_TITLE:
        message = f"'{form.title}' is {fields[form.title].type} and cannot name a record. Choose a text field."
        (spot / "title").fault("E219", message)
    elif form.title and fields[form.title].masked_without:
        message = (
            f"'{form.title}' names the record wherever it is mentioned and cannot be masked. Choose another field."
        )
        (spot / "title").fault("E219", message)
    if form.team and form.owner is None:
        (spot / "team").fault(
            "E225", "A team adds to the records that are one's own, so it needs the form's 'owner'. Add `owner:`."
        )
    if form.owner is not None and form.owner not in form.fields:
        near = hint(form.owner, form.fields)
        (spot / "owner").fault("E206", f"{quote(form.owner)} is not a field of the form.{near} Name a user field.")
    elif form.owner is not None and form.fields[form.owner].type != "user":
        (spot / "owner").fault("E220", f"'{form.owner}' is not of the type 'user'. Name a user field.")
    rules = scene.plugin.numbering
    if form.number is not None and form.number not in rules:
        near = hint(form.number, rules)
        (spot / "number").fault(
            "E226", f"{quote(form.number)} is not a numbering rule.{near} Rules stand in manifest.yaml."
        )
    if form.workflow is not None:
        _check_workflow(form, form.workflow, spot / "workflow", scene)


def _check_workflow(form: Form, name: str, spot: Spot, scene: Scene) -> None:
    workflow = scene.plugin.workflows.get(name)
    if workflow is None:
        if f"workflows/{name}" not in scene.broken:
            near = hint(name, scene.plugin.workflows)
            spot.fault("E227", f"{quote(name)} is not a declared workflow.{near} Declare it in workflows/{name}.yaml.")
        return
    if workflow.form in scene.plugin.forms and workflow.form != form.name:
        spot.fault(
            "E401", f"The workflow '{name}' drives the form '{workflow.form}', not this one. Correct one of them."
        )
    for action in form.actions:
        if action in workflow.moves:
            at = Spot(spot.report, spot.file) / "actions" / action
            at.fault("E224", f"The workflow has a move '{action}' too, and both share one address. Rename one of them.")


def _check_list(view: ListView, form: Form, fields: Fields, spot: Spot, scene: Scene) -> None:
    columns = _known(view.columns, fields, spot / "columns")
    filters = _known(view.filters, fields, spot / "filters")
    searched = _known(view.search, fields, spot / "search")
    ordered = _known(tuple(name.removeprefix("-") for name in view.sort), fields, spot / "sort")
    for name, at in columns:
        if fields[name].type in NO_COLUMN:
            at.fault("E221", f"'{name}' holds line items and cannot be a column. Remove it.")
    for name, at in filters:
        if name in RESERVED_FILTERS:
            at.fault(
                "E221", f"'{name}' has a meaning of its own in addresses and cannot be a filter. Rename the field."
            )
        elif fields[name].type in NO_ORDER:
            at.fault("E221", f"'{name}' is {fields[name].type} and cannot be a filter. Remove it.")
    for name, at in searched:
        if fields[name].type not in (*TEXTS, "ref", "user"):
            at.fault(
                "E221", f"'{name}' is {fields[name].type}, but the search box looks into texts and titles. Remove it."
            )
        elif not _is_named_by_text(fields[name], scene):
            message = f"What '{name}' refers to is not named by a text, so no text is found in it. Remove it."
            at.fault("E221", message)
    for name, at in ordered:
        if fields[name].type in NO_ORDER:
            at.fault("E221", f"'{name}' is {fields[name].type} and has no order. Remove it.")
        elif fields[name].masked_without:
            at.fault("E221", f"An order by '{name}' would tell what is masked. Remove it.")
    check_condition(view.where, fields, spot / "where", scene, scene.states_of(form))


def _is_named_by_text(declared: Field, scene: Scene) -> bool:
    """Whether what a field refers to has a title that can be searched; what is not declared is reported elsewhere."""
    target = scene.plugin.forms.get(declared.form or "")
    title = scene.fields_of(target).get(target.title) if target is not None else None
    return title is None or title.type in TEXTS


def _known(names: tuple[str, ...], fields: Fields, spot: Spot) -> list[tuple[str, Spot]]:
    """Report the names that are no fields, and return the others with their places."""
    for index, name in enumerate(names):
        if name not in fields:
            spot[index].fault(
                "E221", f"{quote(name)} is not a field of the form.{hint(name, fields)} Name one of them."
            )
    return [(name, spot[index]) for index, name in enumerate(names) if name in fields]


def _check_access(access: Access, form: Form, fields: Fields, spot: Spot, scene: Scene) -> None:
    for word in ("read", "edit", "delete"):
        scope = getattr(access, word)
        if scope is None:
            continue
        at = spot / word
        places = [(each, at[index]) for index, each in enumerate(scope)] if isinstance(scope, tuple) else [(scope, at)]
        for each, place in places:
            if isinstance(each, str) and each.startswith(WITH):
                _check_with(each.removeprefix(WITH), fields, place)
            elif isinstance(each, str) and each not in SCOPES:
                message = (
                    f"{quote(each)} is not a row scope.{hint(each, SCOPES)} "
                    "Use own, department, all, `with <reference>` or a condition."
                )
                place.fault("E225", message)
            elif each in ("own", "department") and form.owner is None:
                place.fault("E225", f"'{each}' needs the form's 'owner'. Add `owner:` with the name of a user field.")
        check_condition(scope, fields, at, scene, scene.states_of(form))


def _check_with(name: str, fields: Fields, spot: Spot) -> None:
    """Check the reference of a scope that follows another record."""
    if name not in fields:
        spot.fault("E206", f"{quote(name)} is not a field of the form.{hint(name, fields)} Name a reference field.")
    elif fields[name].type != "ref" or fields[name].derived:
        spot.fault("E225", f"'{name}' does not point to a record. Name a field of type 'ref' after 'with'.")
