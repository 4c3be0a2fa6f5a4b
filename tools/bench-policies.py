#!/usr/bin/env python3
"""Many objects under many policies: kubectl-copilot beside gator and conftest, on the same objects and policies.

    tools/bench-policies.py --binary BINARY --gator GATOR --conftest CONFTEST [--objects N] [--policies M]

The objects are Pods and Deployments of which every tenth breaks something. The policies are made twice, as Gatekeeper's
templates in CEL with a constraint each, and as `deny` rules in Rego. Each program runs alone, three times in turn; the best counts.
Every program has to find the same number of violations. Exit codes: 0 done, 1 they disagree, 2 wrong use.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

# What is asked of a container `c`, in CEL and in Rego (where it is breached).
ASKED = [
    ("c.image.startsWith('registry.corp/') || c.image.startsWith('docker.io/')",
     'not startswith(c.image, "registry.corp/"); not startswith(c.image, "docker.io/")'),
    ("!c.image.endsWith(':latest')", 'endswith(c.image, ":latest")'),
    ("has(c.resources) && has(c.resources.limits) && 'memory' in c.resources.limits", "not c.resources.limits.memory"),
    ("has(c.resources) && has(c.resources.requests) && 'cpu' in c.resources.requests", "not c.resources.requests.cpu"),
    ("!has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged",
     "c.securityContext.privileged == true"),
    ("!has(c.ports) || c.ports.all(p, p.containerPort >= 1024)", "c.ports[_].containerPort < 1024"),
    ("c.name.matches('^[a-z][a-z0-9-]*$')", 'not regex.match("^[a-z][a-z0-9-]*$", c.name)'),
    ("!has(c.env) || c.env.all(e, !e.name.contains('PASSWORD'))", 'contains(c.env[_].name, "PASSWORD")'),
    ("!has(c.volumeMounts) || c.volumeMounts.all(m, m.mountPath != '/')", 'c.volumeMounts[_].mountPath == "/"'),
    ("!has(c.command) || c.command.size() <= 8", "count(c.command) > 8"),
]
CONTAINERS = "(has(variables.anyObject.spec.template) ? variables.anyObject.spec.template.spec.containers : variables.anyObject.spec.containers)"


def template(number):
    """A template in CEL and its constraint."""
    expression = f"{CONTAINERS}.all(c, {ASKED[number % len(ASKED)][0]})"
    code = {"engine": "K8sNativeValidation", "source": {"validations": [{"expression": expression, "message": f"rule {number} is broken"}]}}
    kind = f"Rule{number}"
    return [
        {"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": kind.lower()},
         "spec": {"crd": {"spec": {"names": {"kind": kind}}},
                  "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [code]}]}},
        {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": {"name": kind.lower()},
         "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}, {"apiGroups": ["apps"], "kinds": ["Deployment"]}]}}},
    ]


def module(count):
    """All policies as one module."""
    lines = ["package main", "", "import rego.v1", "", "containers contains c if { c := input.spec.containers[_] }",
             "containers contains c if { c := input.spec.template.spec.containers[_] }"]
    for number in range(count):
        breach = ASKED[number % len(ASKED)][1].replace("; ", "\n  ")
        lines.append(f'\ndeny_{number} contains msg if {{\n  some c in containers\n  {breach}\n  msg := "rule {number} is broken"\n}}')
    return "\n".join(lines) + "\n"


def thing(number):
    """A Pod or a Deployment; every tenth comes from a wrong registry."""
    image = "evil.example/app:1" if number % 10 == 0 else "docker.io/library/app:1"
    containers = [
        {"name": name, "image": image, "env": [{"name": "N", "value": str(number)}], "ports": [{"containerPort": 8080}],
         "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
         "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False}}
        for name in ("main", "side")
    ]
    labels = {"app": f"app-{number}"}
    metadata = {"name": f"app-{number}", "namespace": "lab", "labels": labels}
    if number % 2 == 0:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def measured(command, folder, count):
    """Seconds, processor seconds, MiB at most, and what `count` makes of the output; the quickest of three runs."""
    best = None
    for _ in range(3):
        with tempfile.TemporaryFile(mode="w+") as out, tempfile.TemporaryFile(mode="w+") as err:
            begun = time.monotonic()
            process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
            _, _, used = os.wait4(process.pid, 0)
            took = time.monotonic() - begun
            out.seek(0)
            err.seek(0)
            try:
                found = count(out.read())
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"{command[0]} gave no answer that can be read ({error}): {err.read()[-800:]}")
        if best is None or took < best[0]:
            best = (took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, found)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("binary", "gator", "conftest"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--policies", type=int, default=50)
    given = parser.parse_args()
    binary, gator, conftest = (os.path.abspath(path) for path in (given.binary, given.gator, given.conftest))
    with tempfile.TemporaryDirectory() as folder:
        for sub in ("objects", "templates", "rego"):
            os.mkdir(os.path.join(folder, sub))

        def write(name, text):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)

        def documents(objects):
            return "---\n".join(json.dumps(one) + "\n" for one in objects)

        write("objects/objects.yaml", documents(thing(number) for number in range(given.objects)))
        write("templates/templates.yaml", documents(one for number in range(given.policies) for one in template(number)))
        write("rego/deny.rego", module(given.policies))

        def ours(text):
            return sum(1 for one in json.loads(text)["findings"] if (one.get("origin") or {}).get("policy"))

        def of_gator(text):
            return len(json.loads(text))

        def of_conftest(text):
            return sum(len(one.get("failures") or []) for one in json.loads(text))

        review = [binary, "review", "-f", "objects", "-o", "json", "--policies"]
        rows = [
            ("templates in CEL", "kubectl-copilot review", measured([*review, "templates"], folder, ours)),
            ("templates in CEL", "gator test", measured([gator, "test", "-f", "objects", "-f", "templates", "-o", "json"], folder, of_gator)),
            ("rules in Rego", "kubectl-copilot review", measured([*review, "rego"], folder, ours)),
            ("rules in Rego", "conftest test", measured([conftest, "test", "-p", "rego", "-o", "json", "objects/objects.yaml"], folder, of_conftest)),
        ]
    print(f"{given.objects} objects, {given.policies} policies; kubectl-copilot checks schemas and its own rules besides\n")
    print("|  |  | seconds | processor seconds | MiB at most | violations |\n|---|---|---|---|---|---|")
    for what, who, (took, processor, rss, found) in rows:
        print(f"| {what} | {who} | {took:.2f} | {processor:.2f} | {rss:.0f} | {found} |")
    for mine, other in ((0, 1), (2, 3)):
        own, their = rows[mine][2], rows[other][2]
        print(f"\n{rows[other][1]} / ours: {their[0] / own[0]:.1f} of the time, {their[1] / own[1]:.1f} of the processor time, {their[2] / own[2]:.1f} of the memory")
    wrong = [pair for pair in ((0, 1), (2, 3)) if rows[pair[0]][2][3] != rows[pair[1]][2][3]]
    if wrong:
        print("\nthey find different numbers of violations", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
