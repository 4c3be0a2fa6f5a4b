"""What a plain model makes of the requests of tests/requests/free, for comparison:

    tools/baselines.sh free --model GGUF --mode raw|json --requests FILE.jsonl… --answers OUT.jsonl

raw   the model's own chat template, a one-line instruction, the request; the answer's YAML.
json  the kind given (from what the row expects, with its apiVersion), JSON under llguidance with the whole OpenAPI schema of
      the kind: no keys that the schema does not know, the common fields first, then the rest in alphabetical order.

Greedy, at most 700 tokens an object. An answer row: id, yaml, ms, tokens (sampled and forced), sampled, forced, cut (stopped
at the limit), parallel (how many rows shared a batch: ms counts from a row's beginning to its end and is the time of
one request only where this is 1). Rows that --answers holds already are kept: a run that was cut off goes on.
"""

import argparse
import json
import os
import re
import sys

import yaml
from engine import Engine, Work

RAW = "You write Kubernetes manifests. Answer with YAML only, in one ```yaml block."
JSON = "You write Kubernetes manifests. Answer with JSON only: {what}."
MOST = 700


def rows(paths, ids):
    for path in paths:
        with open(path) as lines:
            for line in filter(str.strip, lines):
                row = json.loads(line)
                if not ids or row["id"] in ids:
                    yield row


def raw_work(row):
    messages = [{"role": "system", "content": RAW}, {"role": "user", "content": row["request"]}]
    return Work(row["id"], messages, MOST)


def raw_yaml(text):
    """The blocks of code, or all of it where there is none."""
    blocks = re.findall(r"```[a-zA-Z]*\n(.*?)(?:```|\Z)", text, re.S)
    return "---\n".join(blocks) if blocks else text


def json_work(row, schemas):
    import schema as openapi

    wanted = []
    known = [d for d in yaml.safe_load_all(row.get("reference", "")) if isinstance(d, dict)]
    for thing in row["expect"]["objects"]:
        version = next((d.get("apiVersion") for d in known if d.get("kind") == thing["kind"]), None)
        wanted.append(schemas.of(thing["kind"], version))
    names = [f"a {one['properties']['kind']['const']} ({one['properties']['apiVersion']['const']})" for one in wanted]
    what = JSON.format(what=", then ".join(names) + ("" if len(names) == 1 else ", one object a line"))
    messages = [{"role": "system", "content": what}, {"role": "user", "content": row["request"]}]
    return Work(row["id"], messages, MOST * len(wanted), openapi.grammar(wanted))


def json_yaml(text):
    """Objects in a row as YAML documents; what cannot be read stays as it is."""
    decoder, documents, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return text
        documents.append(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
        rest = rest[end:].strip()
    return "---\n".join(documents)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--mode", choices=["raw", "json"], required=True)
    parser.add_argument("--requests", nargs="+", required=True)
    parser.add_argument("--answers", required=True)
    parser.add_argument("--crds", help="a folder of CustomResourceDefinitions, for mode json")
    parser.add_argument("--kubernetes", default="1.36")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--ids", nargs="*", help="only these rows")
    args = parser.parse_args()

    there = set()
    if os.path.exists(args.answers):
        with open(args.answers) as answers:
            there = {json.loads(line)["id"] for line in answers if line.endswith("\n")}
    todo = [row for row in rows(args.requests, args.ids) if row["id"] not in there]
    if not todo:
        return
    if args.mode == "raw":
        works = [raw_work(row) for row in todo]
    else:
        from schema import Schemas

        schemas = Schemas(args.kubernetes, args.crds)
        works = [json_work(row, schemas) for row in todo]
    engine = Engine(args.model, args.threads, args.parallel, context=2048 * args.parallel + 2048)
    engine.keep_common(works)
    with open(args.answers, "a") as out:
        for number, done in enumerate(engine.run(works), 1):
            answer = {
                "id": done.id,
                "yaml": raw_yaml(done.text) if args.mode == "raw" else json_yaml(done.text),
                "ms": round(done.ms),
                "tokens": done.sampled + done.forced,
                "sampled": done.sampled,
                "forced": done.forced,
                "cut": done.cut,
                "parallel": args.parallel,
            }
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
            out.flush()
            print(f"{number}/{len(works)} {done.id} {answer['tokens']} tokens, {answer['ms']} ms", file=sys.stderr)


if __name__ == "__main__":
    main()
