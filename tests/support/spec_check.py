"""Checks answers against the machine-readable descriptions of an API (OpenAPI 3.0).

How a description becomes a JSON schema: `nullable` allows null; `oneOf` means at least one, because
the vendors' alternatives overlap (an object without required fields fits all of them); what JSON
schema does not know (`example`, boolean `required` and boolean exclusive bounds) is left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

_DROPPED = {"example", "examples", "xml", "discriminator", "externalDocs", "title", "description"}
_PARAMETER = re.compile(r"\{[^}]+\}")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Leaves dates as text: examples hold some."""


_Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for key, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Operation:
    """An operation of one description."""

    document: Mapping[str, Any]
    responses: Mapping[str, Any]


class Specification:
    """Finds the schema of an answer and checks the answer by it."""

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        """Take files, each with the prefix that its paths lack, such as `/v2`."""
        self._operations: dict[tuple[str, str], Operation] = {}
        self._definitions: dict[int, dict[str, Any]] = {}
        for file, prefix in files:
            document = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
            for path, item in document["paths"].items():
                for method, operation in item.items():
                    if method in {"get", "post", "put", "patch", "delete", "options"}:
                        key = (method.upper(), _shape(prefix + path))
                        self._operations[key] = Operation(document, operation["responses"])
            self._definitions[id(document)] = _definitions(document)

    def knows(self, method: str, template: str) -> bool:
        """Whether an operation is described, whatever its parameters are called."""
        return (method, _shape(template)) in self._operations

    def faults(self, method: str, template: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; empty when it is as described.

        An answer without a body is right when the status is described, or when the description
        does not know the status: it cannot be checked.
        """
        operation = self._operations[method, _shape(template)]
        response = operation.responses.get(str(status))
        if response is None:
            return [] if body is None else [f"status {status} is not described"]
        response = _resolved(operation.document, response)
        content = response.get("content", {}).get("application/json", {})
        if body is None or "schema" not in content:
            return []
        schema = _json_schema(operation.document, content["schema"])
        schema["$defs"] = self._definitions[id(operation.document)]
        validator = Draft202012Validator(schema)
        return [
            f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}"
            for fault in validator.iter_errors(body)
        ]

    def properties(self, method: str, template: str, status: int = 200) -> set[str]:
        """Names of all fields at the top of an answer (of its rows, if it is a list)."""
        operation = self._operations[method, _shape(template)]
        response = _resolved(operation.document, operation.responses[str(status)])
        schema = response["content"]["application/json"]["schema"]
        return _properties(operation.document, schema)


def _shape(template: str) -> str:
    return _PARAMETER.sub("{}", template.rstrip("/"))


def _resolved(document: Mapping[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        node = found
    return node


def _properties(document: Mapping[str, Any], schema: Any) -> set[str]:
    schema = _resolved(document, schema)
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        names |= _properties(document, part)
    if schema.get("type") == "array":
        names |= _properties(document, schema["items"])
    return names


def _json_schema(document: Mapping[str, Any], node: Any) -> Any:
    if isinstance(node, list):
        return [_json_schema(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/").replace("/", ".").replace("~1", "_")
        return {"$ref": f"#/$defs/{name}"}
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in _DROPPED or (key == "required" and not isinstance(value, list)):
            continue
        if key in {"exclusiveMinimum", "exclusiveMaximum"} and isinstance(value, bool):
            continue
        if key == "properties":
            made[key] = {name: _json_schema(document, item) for name, item in value.items()}
        elif key == "enum":
            made[key] = [*value, None] if node.get("nullable") else value
        else:
            made["anyOf" if key == "oneOf" else key] = _json_schema(document, value)
    if made.pop("nullable", False):
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _definitions(document: Mapping[str, Any]) -> dict[str, Any]:
    definitions = {}
    for kind, items in document.get("components", {}).items():
        if kind in {"schemas", "responses"}:
            for name, item in items.items():
                definitions[f"components.{kind}.{name}"] = _json_schema(document, item)
    return definitions
