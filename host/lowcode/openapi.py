"""The OpenAPI 3.1 document, generated from the declarations a person may see."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from lowcode import access, errors
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.schemas import FilledByHost, LineItems, Value, build
from lowcode.version import HOST_API
from lowcode.workflow import machine

if TYPE_CHECKING:
    from lowcode.context import Context

JSON = "application/json"
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string", "examples": ['"3"']}}
PAPER = {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["html", "pdf"]}}
LIST_PARAMETERS = ("list", "search", "sort", "page", "per_page", "after", "fields")


def document(ctx: "Context", routes: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Make the document. `routes` are the calls that are the same for every form: path, method, summary."""
    marshmallow = MarshmallowPlugin()
    spec = APISpec(
        "lowcode", HOST_API, "3.1.0", info={"description": _("由应用声明生成的接口文档。")}, plugins=[marshmallow]
    )
    converter = marshmallow.converter
    assert converter is not None
    converter.add_attribute_function(_property)  # type: ignore[no-untyped-call]
    spec.components.schema("Problem", _problem())
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for path, method, summary in routes:
        names = re.findall(r"{(\w+)}", path)
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        parameters += [KEY] if method == "post" else [MATCH] if path.endswith("/records/{record}") else []
        spec.path(path, operations={method: _operation(summary) | {"parameters": parameters}})
    for form in ctx.platform.forms.values():
        if access.is_allowed(ctx, form, "read"):
            _add_form(ctx, spec, form)
    return spec.to_dict()


def _add_form(ctx: "Context", spec: APISpec, form: LiveForm) -> None:
    label, base = _(form.declared.label), f"/api/v1/forms/{form.name}"
    spec.components.schema(form.name, schema=build(form.name, visible_fields(form, ctx.user.roles)))
    body = {"content": {JSON: {"schema": {"$ref": f"#/components/schemas/{form.name}"}}}}
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in LIST_PARAMETERS]
    spec.path(
        f"{base}/records",
        operations={
            "get": _operation(_("{label}：列表", label=label)) | {"parameters": query},
            "post": _operation(_("{label}：新增", label=label), "201") | {"requestBody": body, "parameters": [KEY]},
        },
    )
    spec.path(
        f"{base}/records/{{id}}",
        parameters=[ID],
        operations={
            "get": _operation(_("{label}：读取", label=label)),
            "patch": _operation(_("{label}：修改", label=label)) | {"requestBody": body, "parameters": [MATCH]},
            "delete": _operation(_("{label}：删除", label=label), "204") | {"parameters": [MATCH]},
        },
    )
    spec.path(
        f"{base}/preview", operations={"post": _operation(_("{label}：试算", label=label)) | {"requestBody": body}}
    )
    spec.path(f"{base}/bin", operations={"get": _operation(_("{label}：回收站", label=label))})
    for path, method, summary in (
        ("restore", "post", _("{label}：恢复", label=label)),
        ("history", "get", _("{label}：历史", label=label)),
    ):
        spec.path(f"{base}/records/{{id}}/{path}", parameters=[ID], operations={method: _operation(summary)})
    for each in form.declared.prints.values():
        operation = _operation(f"{label}：{_(each.label)}")
        spec.path(f"{base}/records/{{id}}/print/{each.name}", parameters=[ID, PAPER], operations={"get": operation})
    for step in machine.offered(ctx, form):
        operation = _operation(f"{label}：{_(step.label)}") | {"requestBody": _params(step.params)}
        first = _operation(_("{label}：填写前的内容", label=f"{label}：{_(step.label)}"))
        operations = {"post": operation, "get": first}
        spec.path(f"{base}/records/{{id}}/actions/{step.name}", parameters=[ID], operations=operations)


def _params(declared: Mapping[str, Field]) -> dict[str, Any]:
    return {"content": {JSON: {"schema": {"type": "object", "properties": _properties(declared)}}}}


def _properties(declared: Mapping[str, Field]) -> dict[str, Any]:
    return {name: _described(field) | {"title": _(field.label)} for name, field in declared.items()}


def _described(declared: Field) -> dict[str, Any]:
    """Describe a value; rows of a dialog's table have no ids."""
    items = {"type": "object", "properties": _properties(declared.fields)}
    return FIELD_TYPES[declared.type].openapi(declared) | ({"items": items} if declared.type == "lines" else {})


def _property(self: Any, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
    """Describe our own marshmallow fields; apispec asks this of each field."""
    if isinstance(field, LineItems):
        properties = {"id": {"type": "integer"}, **_properties(field.declared.fields)}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
    if isinstance(field, Value):
        declared = field.declared
        return FIELD_TYPES[declared.type].openapi(declared) | {"title": _(declared.label)}
    return {"title": _(str(field.metadata["title"])), "readOnly": True} if isinstance(field, FilledByHost) else {}


def _operation(summary: str, success: str = "200") -> dict[str, Any]:
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "summary": summary,
        "security": [{"bearer": []}],
        "responses": {success: {"description": "OK"}, "default": {"description": _("拒绝的原因")} | problem},
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {
                "type": "string",
                "description": _("拒绝的原因，应用可以增加自己的。"),
                "examples": list(errors.CODES),
            },
            "detail": {"type": "string"},
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        },
    }
