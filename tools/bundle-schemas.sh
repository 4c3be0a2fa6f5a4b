#!/usr/bin/env bash
# Makes schemas/kubernetes-<minor>.json.gz, the schemas that are compiled into the binary. Run at development time
# only, when a new minor or patch of Kubernetes is to be known; the results are committed.
#
#   tools/bundle-schemas.sh                  the versions named below
#   tools/bundle-schemas.sh 1.36.3 1.37.2    these versions
#
# Needs Go (only to fetch the module k8s.io/kubernetes through GOPROXY) and Python 3. Nothing is compiled.
#
# Sources, all inside that module:
#   api/openapi-spec/v3/*_openapi.json                   the components; paths and descriptions are dropped
#   api/discovery/aggregated_v2.json                     kinds, plurals, short names, scope
#   pkg/generated/openapi/zz_generated.openapi.go        enums, which a live API server publishes and the files above lack
#
# Layout of a result (plain JSON, and one entry a line, so that a reader finds a component without parsing the rest):
#   {"kubernetes":"1.36.3","kinds":[
#   {"group":…,"version":…,"kind":…,"plural":…,"singular":…,"shortNames":[…],"namespaced":…,"component":…},
#   …
#   ],"components":{
#   "io.k8s.api.core.v1.Pod":{…},
#   …
#   }}
# "$ref" holds the bare name of a component. Keys are sorted and the gzip header carries no time: the same input gives
# the same bytes.
set -euo pipefail

versions=("$@")
if [ "${#versions[@]}" -eq 0 ]; then
  versions=(1.34.4 1.35.4 1.36.3 1.37.2)
fi
root="$(cd "$(dirname "$0")/.." && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$root/schemas"

for version in "${versions[@]}"; do
  module="$(cd "$scratch" && GOFLAGS=-mod=mod go mod download -json "k8s.io/kubernetes@v$version" |
    python3 -c 'import json,sys; print(json.load(sys.stdin)["Dir"])')"
  out="$root/schemas/kubernetes-${version%.*}.json.gz"
  python3 - "$module" "$version" "$out" <<'PYTHON'
import glob, gzip, json, os, re, sys

module, version, out = sys.argv[1:]
PREFIX = "#/components/schemas/"
KEEP = {
    "$ref", "type", "format", "enum", "required", "nullable", "pattern", "default",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations",
    "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
}
# The Go types behind these are arbitrary JSON.
FREE = {
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
}


def strip(node):
    """One schema without what nobody reads: descriptions, examples, zero values given as defaults."""
    result = {key: node[key] for key in node if key in KEEP}
    if "$ref" in result:
        result["$ref"] = result["$ref"].removeprefix(PREFIX)
    if result.get("default", None) in ("", 0, {}, False):
        # The zero value of the Go type, not a default that the server sets.
        del result["default"]
    # What holds where nothing is said.
    if result.get("x-kubernetes-list-type") == "atomic":
        del result["x-kubernetes-list-type"]
    if result.get("x-kubernetes-map-type") == "granular":
        del result["x-kubernetes-map-type"]
    parts = [strip(part) for part in node.get("allOf", [])]
    if len(parts) == 1:
        result = {**parts[0], **result}
    elif parts:
        result["allOf"] = parts
    for key in ("oneOf", "anyOf"):
        if key in node:
            result[key] = [strip(part) for part in node[key]]
    if "properties" in node:
        result["properties"] = {name: strip(child) for name, child in node["properties"].items()}
    if "items" in node:
        result["items"] = strip(node["items"])
    extra = node.get("additionalProperties")
    if extra is not None:
        result["additionalProperties"] = strip(extra) if isinstance(extra, dict) else extra
    return result


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


components, by_kind = {}, {}
for path in sorted(glob.glob(f"{module}/api/openapi-spec/v3/*_openapi.json")):
    for name, node in json.load(open(path))["components"].get("schemas", {}).items():
        components.setdefault(name, strip(node))
        kinds = node.get("x-kubernetes-group-version-kind", [])
        if len(kinds) == 1:
            by_kind[(kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"])] = name
for name in FREE & components.keys():
    components[name] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

# Enums, out of the generated Go code.
normal = lambda text: re.sub(r"[^A-Za-z0-9]+", "_", text)
by_function = {normal(name.removeprefix("io.k8s.")): name for name in components}
component = field = inner = None
applied = unknown = 0
for line in open(f"{module}/pkg/generated/openapi/zz_generated.openapi.go", encoding="utf-8"):
    if match := re.match(r"func schema_(\w+)\(", line):
        function = match[1].removeprefix("k8sio_")
        component = by_function.get(function) or by_function.get(f"apimachinery_{function}")
        field = None
    elif match := re.match(r'\t{5}"([^"]+)": \{', line):
        field, inner = match[1], None
    elif match := re.match(r"\t{7}(Items|AdditionalProperties):", line):
        inner = {"Items": "items", "AdditionalProperties": "additionalProperties"}[match[1]]
    elif match := re.match(r"(\t+)Enum: +\[\]interface\{\}\{(.*)\},$", line):
        if component is None or field is None:
            unknown += 1
            continue
        target = components[component]["properties"][field]
        if len(match[1]) > 7:
            target = target[inner]
        assert target.get("type") == "string", (component, field, target)
        target["enum"] = json.loads(f"[{match[2]}]")
        applied += 1
assert applied > 80, f"only {applied} enums found: the generated code has another layout"

kinds = []
for item in json.load(open(f"{module}/api/discovery/aggregated_v2.json"))["items"]:
    for served in item["versions"]:
        for resource in served["resources"]:
            if "create" not in resource["verbs"]:
                continue
            group = item["metadata"].get("name", "")
            kinds.append({"group": group, "version": served["version"], "resource": resource})
# The core group has a file of its own.
core = json.load(open(f"{module}/api/discovery/api__v1.json"))
entries = []
for kind in kinds:
    resource = kind["resource"]
    entries.append((kind["group"], kind["version"], resource["responseKind"]["kind"], resource["resource"],
                    resource.get("singularResource", ""), resource.get("shortNames", []), resource["scope"] == "Namespaced"))
for resource in core["resources"]:
    if "/" not in resource["name"] and "create" in resource["verbs"]:
        entries.append(("", "v1", resource["kind"], resource["name"], resource.get("singularName", ""),
                        resource.get("shortNames", []), resource["namespaced"]))
index = []
for group, served, kind, plural, singular, short, namespaced in sorted(entries):
    index.append({"group": group, "version": served, "kind": kind, "plural": plural, "singular": singular,
                  "shortNames": short, "namespaced": namespaced, "component": by_kind[(group, served, kind)]})

reachable, queue = set(), [entry["component"] for entry in index]
while queue:
    name = queue.pop()
    if name not in reachable:
        reachable.add(name)
        queue.extend(references(components[name]))

dump = lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
text = f'{{"kubernetes":{dump(version)},"kinds":[\n'
text += ",\n".join(dump(entry) for entry in index)
text += '\n],"components":{\n'
text += ",\n".join(f"{dump(name)}:{dump(components[name])}" for name in sorted(reachable))
text += "\n}}\n"
json.loads(text)
with open(out, "wb") as raw, gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as stream:
    stream.write(text.encode())
print(f"{out}: kinds {len(index)}, components {len(reachable)}, enums {applied} (+{unknown} elsewhere), "
      f"{len(text)} bytes, {os.path.getsize(out)} compressed")
PYTHON
done
