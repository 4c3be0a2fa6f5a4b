"""The schema of a kind as llguidance takes it: from schemas/ of this repository, and from CustomResourceDefinitions.

What is changed, and why: `$ref` is kept with its definitions (recursion), extensions, defaults and formats go (several are
errors there), integer-or-string becomes a choice, keywords that it refuses (`not`, `uniqueItems`, choices of required
keys) go, objects with named properties take no others, and `status` and what only the server writes go. Nothing else is
narrowed: every field of the kind can be written. The common fields come first, the rest in alphabetical order.
"""

import glob
import gzip
import json
import os
import re

import llguidance
import yaml

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
FIRST = (
    "apiVersion kind metadata name generateName namespace labels annotations type schedule replicas minReplicas maxReplicas "
    "parallelism completions selector matchLabels scaleTargetRef roleRef subjects rules accessModes storageClassName "
    "serviceAccountName restartPolicy initContainers containers image command args workingDir ports containerPort "
    "port targetPort protocol env envFrom value valueFrom resources requests limits volumeMounts mountPath volumes "
    "nodeSelector tolerations affinity livenessProbe readinessProbe startupProbe securityContext template spec data "
    "stringData"
).split()
ORDER = {key: place for place, key in enumerate(FIRST)}
# Of metadata: the server's own.
SERVERS = {
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
}
KEPT = {
    "type", "enum", "const", "required", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems",
}
SEPARATORS = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def strip(node):
    """One schema as llguidance takes it. References are bare names of components."""
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": "#/$defs/" + node["$ref"]}
    if len(node.get("allOf", [])) == 1 and "$ref" in node["allOf"][0]:
        return strip(node["allOf"][0])
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    choices = node.get("oneOf") or node.get("anyOf")
    if choices and "properties" not in node and all("type" in one or "$ref" in one for one in choices):
        return {"anyOf": [strip(one) for one in choices]}
    kept = {key: value for key, value in node.items() if key in KEPT}
    if isinstance(kept.get("pattern"), str) and "(?" in kept["pattern"]:
        del kept["pattern"]
    if "properties" in node:
        names = sorted(node["properties"], key=lambda key: (ORDER.get(key, len(ORDER)), key))
        kept["properties"] = {name: strip(node["properties"][name]) for name in names if name != "status"}
        kept["required"] = [key for key in kept.get("required", []) if key in kept["properties"]]
        kept["additionalProperties"] = bool(node.get("x-kubernetes-preserve-unknown-fields"))
        kept["type"] = "object"
    elif isinstance(node.get("additionalProperties"), dict):
        kept["additionalProperties"] = strip(node["additionalProperties"])
    if "items" in node:
        kept["items"] = strip(node["items"])
    return kept


class Schemas:
    def __init__(self, kubernetes, crds):
        with gzip.open(os.path.join(ROOT, "schemas", f"kubernetes-{kubernetes}.json.gz")) as file:
            bundle = json.load(file)
        self.components = bundle["components"]
        self.kinds = {}
        for one in bundle["kinds"]:
            version = f"{one['group']}/{one['version']}".lstrip("/")
            self.kinds.setdefault(one["kind"], {})[version] = {"$ref": one["component"]}
        for path in sorted(glob.glob(os.path.join(crds, "*.yaml"))) if crds else []:
            with open(path) as file:
                for crd in yaml.safe_load_all(file):
                    if isinstance(crd, dict) and crd.get("kind") == "CustomResourceDefinition":
                        self._custom(crd["spec"])

    def _custom(self, spec):
        for version in spec["versions"]:
            if version.get("served") and "schema" in version:
                name = f"{spec['group']}/{version['name']}"
                kind = self.kinds.setdefault(spec["names"]["kind"], {})
                kind[name] = version["schema"]["openAPIV3Schema"]

    def of(self, kind, version=None):
        """The schema of a kind; of its newest stable version where none is given."""
        versions = self.kinds.get(kind)
        if not versions:
            raise SystemExit(f"no schema for the kind {kind}")

        def age(name):
            level = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", name.rsplit("/", 1)[-1])
            rank = {None: 2, "beta": 1, "alpha": 0}[level[2]]
            return (rank, int(level[1]), int(level[3] or 0))

        version = version if version in versions else max(versions, key=age)
        top = versions[version]
        top = self.components[top["$ref"]] if "$ref" in top else top
        schema = strip(top)
        schema["properties"]["apiVersion"] = {"const": version}
        schema["properties"]["kind"] = {"const": kind}
        schema["properties"]["metadata"] = {"$ref": "#/$defs/" + META}
        places = sorted(schema["properties"], key=lambda key: (ORDER.get(key, len(ORDER)), key))
        schema["properties"] = {key: schema["properties"][key] for key in places}
        required = ["apiVersion", "kind", "metadata"] + (["spec"] if "spec" in schema["properties"] else [])
        schema["required"] = required + [key for key in schema.get("required", []) if key not in required]
        schema["additionalProperties"] = False
        schema["$defs"] = self._reachable(schema)
        return schema

    def _reachable(self, schema):
        found, todo = {}, [schema]
        while todo:
            for name in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(todo.pop())):
                if name in found:
                    continue
                found[name] = strip(self.components[name])
                if name == META:
                    properties = found[name]["properties"]
                    found[name]["properties"] = {key: properties[key] for key in properties if key not in SERVERS}
                    found[name]["required"] = ["name"]
                todo.append(found[name])
        return found


def grammar(schemas):
    """The grammar of these objects, one a line."""
    if len(schemas) == 1:
        return llguidance.LLMatcher.grammar_from_json_schema(schemas[0], overrides=SEPARATORS)
    lines = ["start: " + ' "\\n" '.join(f"object{number}" for number in range(len(schemas)))]
    for number, schema in enumerate(schemas):
        lines.append(f"object{number}: %json " + json.dumps({**schema, "x-guidance": SEPARATORS}))
    return llguidance.LLMatcher.grammar_from_lark("\n".join(lines))
