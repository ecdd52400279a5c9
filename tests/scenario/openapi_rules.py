"""What an OpenAPI 3.1 document must be, written from the specification (spec.openapis.org/oas/v3.1.0): Debian 12 packages no
validator of it. Schemas are checked by python3-jsonschema against JSON Schema 2020-12, of which they are written in."""
import re

import jsonschema

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def resolve(document, reference):
    at = document
    if not reference.startswith("#/"):
        return None
    for word in reference[2:].split("/"):
        word = word.replace("~1", "/").replace("~0", "~")
        if not isinstance(at, dict) or word not in at:
            return None
        at = at[word]
    return at


def references(value, path="#"):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield path, value["$ref"]
        for key, inner in value.items():
            yield from references(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from references(inner, f"{path}/{i}")


def schema_faults(schema, where):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"{where}: {error.message}"


def content_faults(content, where):
    for kind, media in content.items():
        if not re.fullmatch(r"[\w*.+-]+/[\w*.+-]+(;.*)?", kind):
            yield f"{where}: {kind} is no media type"
        yield from schema_faults(media.get("schema", {}), f"{where} {kind}")


def parameter_faults(parameter, where):
    if set(parameter) - {"name", "in", "description", "required", "deprecated", "schema", "style", "explode", "example"}:
        yield f"{where}: a field that a parameter does not have: {set(parameter)}"
    if parameter.get("in") not in ("query", "header", "path", "cookie"):
        yield f"{where}: in is {parameter.get('in')!r}"
    if parameter.get("in") == "path" and parameter.get("required") is not True:
        yield f"{where}: a path parameter is required"
    if not parameter.get("name") or "schema" not in parameter:
        yield f"{where}: no name or no schema"
    yield from schema_faults(parameter.get("schema", {}), where)


NUMBER_NAMES = {"id", "import", "shop", "task", "user", "app", "token", "view", "reject", "imported_before"}


def id_faults(schema, where):
    """An id is a text everywhere: what reads JSON numbers as doubles would round it."""
    if isinstance(schema, dict):
        for name, inner in (schema.get("properties") or {}).items():
            kinds = inner.get("type", []) if isinstance(inner, dict) else []
            if (name in NUMBER_NAMES or name.endswith("_id")) and "integer" in ([kinds] if isinstance(kinds, str) else kinds):
                yield f"{where}: {name} is a number"
        for inner in schema.values():
            yield from id_faults(inner, where)
    elif isinstance(schema, list):
        for inner in schema:
            yield from id_faults(inner, where)


def operation_faults(document, path, method, operation, ids):
    where = f"{method.upper()} {path}"
    if operation.get("operationId") in ids or not operation.get("operationId"):
        yield f"{where}: its operationId is missing or not its own"
    ids.add(operation.get("operationId"))
    seen = set()
    for parameter in operation.get("parameters", []):
        parameter = resolve(document, parameter["$ref"]) if "$ref" in parameter else parameter
        yield from parameter_faults(parameter, where)
        yield from id_faults({"properties": {parameter.get("name"): parameter.get("schema", {})}}, where)
        key = (parameter.get("name"), parameter.get("in"))
        if key in seen:
            yield f"{where}: {key} twice"
        seen.add(key)
    in_path = {name for name, place in seen if place == "path"}
    if in_path != set(re.findall(r"{(\w+)}", path)):
        yield f"{where}: the path's parameters are {in_path}"
    if "requestBody" in operation:
        yield from content_faults(operation["requestBody"].get("content") or {"": {}}, where)
        yield from id_faults(operation["requestBody"].get("content"), where)
        if method in ("get", "head"):
            yield f"{where}: a body without a meaning"
    if not operation.get("responses"):
        yield f"{where}: no responses"
    for status, response in operation.get("responses", {}).items():
        if not re.fullmatch(r"[1-5](\d\d|XX)|default", status):
            yield f"{where}: {status} is no status"
        response = resolve(document, response["$ref"]) if "$ref" in response else response
        if not response or "description" not in response:
            yield f"{where} {status}: no description"
        else:
            yield from content_faults(response.get("content", {}), f"{where} {status}")
    schemes = document.get("components", {}).get("securitySchemes", {})
    for way in operation.get("security", []):
        for name in way:
            if name not in schemes:
                yield f"{where}: security {name} is not declared"


def faults(document):
    """Every fault there is, as a list of sentences."""
    found = []
    if not re.fullmatch(r"3\.1\.\d+", document.get("openapi", "")):
        found.append("openapi is not 3.1")
    if not {"title", "version"} <= set(document.get("info", {})):
        found.append("info has no title or version")
    if not {"paths", "components", "webhooks"} & set(document):
        found.append("neither paths, components nor webhooks")
    unknown = set(document) - {"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security",
                               "tags", "externalDocs"}
    found += [f"unknown at the root: {unknown}"] if unknown else []
    ids, shapes = set(), {}
    for path, item in document.get("paths", {}).items():
        if not path.startswith("/"):
            found.append(f"{path}: a path begins with /")
        shape = re.sub(r"{\w+}", "{}", path)
        if shape in shapes:
            found.append(f"{path} and {shapes[shape]} are one path")
        shapes[shape] = path
        for method, operation in item.items():
            if method in METHODS:
                found += operation_faults(document, path, method, operation, ids)
            elif method not in ("summary", "description", "parameters", "servers", "$ref"):
                found.append(f"{path}: {method} is nothing of a path")
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if not re.fullmatch(r"[a-zA-Z0-9._-]+", name):
            found.append(f"{name} is no name of a component")
        found += schema_faults(schema, f"schema {name}")
        found += id_faults(schema, f"schema {name}")
    found += [f"{where}: {reference} leads nowhere" for where, reference in references(document)
              if resolve(document, reference) is None]
    return found
