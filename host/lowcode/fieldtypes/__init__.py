"""The field types, one class each; a new type is a class here, a line below and a widget of the same name.

A type knows the column that stores it, how to read a value from JSON or a query string, how to write
it to JSON, which operators conditions may use on it, and its OpenAPI schema.
"""

from collections.abc import Mapping

from lowcode.fieldtypes.attached import FilesType, ImageType, LinesType
from lowcode.fieldtypes.base import COMMON_KEYS, FieldType, ValueFault
from lowcode.fieldtypes.choices import BooleanType, ChoiceType, DepartmentType, RefType, UserType
from lowcode.fieldtypes.numbers import IntegerType, MoneyType, NumberType
from lowcode.fieldtypes.texts import EmailType, PhoneType, SecretType, TextAreaType, TextType, UrlType
from lowcode.fieldtypes.times import DateTimeType, DateType

TYPES: tuple[type[FieldType], ...] = (
    TextType,
    TextAreaType,
    PhoneType,
    EmailType,
    UrlType,
    SecretType,
    IntegerType,
    NumberType,
    MoneyType,
    DateType,
    DateTimeType,
    BooleanType,
    ChoiceType,
    RefType,
    UserType,
    DepartmentType,
    ImageType,
    FilesType,
    LinesType,
)

FIELD_TYPES: Mapping[str, FieldType] = {kind.name: kind() for kind in TYPES}

__all__ = ["COMMON_KEYS", "FIELD_TYPES", "FieldType", "LinesType", "TextType", "ValueFault"]
