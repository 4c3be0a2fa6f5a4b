"""Our drafts beside what a user would build on the same model: `make bench-llm`.

    tools/baselines.sh forms --model GGUF --server PATH/TO/llama-server --ours PATH/TO/one_by_one --binary PATH/TO/kubectl-copilot

Three programs answer the same requests in turn, one after the other for each request, on the same GGUF with the same
number of threads:

  llama-server   /v1/chat/completions with response_format json_schema (its own grammar), prompt cached
  llguidance     the same messages and the same schema through llguidance and llama.cpp's Python binding: fixed separators,
                 forced tokens in one batch, prefix evaluated once
  ours           the form over the words of the request, from the words to checked objects (one_by_one.rs)

The two others read the same instructions, kinds and worked examples as ours does (prompts/), as chat turns with JSON answers
whose values are normalised as the schema wants them. The schema has one branch for each pattern with the keys of its
form, typed; a key may be left out. The instructions are evaluated before the first request that is measured.

What is compared: milliseconds a request (median), processor time of all its threads (which tells little beside 1 thread, since
threads that wait for each other count, and is what holds on a machine that others use too), tokens that were sampled and that were forced, and the values. Right: the
kind and every value that the row states, and nothing else (any_of is read; units and case are forgiven). Drafted but
wrong: objects would be made, and they are not that. Nobody said: keys with a value that the row does not state. Ours does
more in its time (objects, schemas, checks); the others end at the JSON text.
"""

import argparse
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import llguidance
import yaml
from engine import Engine, Work

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PATTERNS = ["notebook", "training-job", "model-server", "web-service", "storage"]
FAMILIES = ["notebook", "training", "serving", "web"]
MOST = 256
SEPARATORS = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}

TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
COUNT = {"type": "integer", "minimum": 0, "maximum": 10000}
BYTES = {"type": "string", "pattern": "^[0-9]{1,6}(\\.[0-9]{1,2})?(Mi|Gi|Ti|M|G|T)$"}
TYPES = {
    "cpu": {"type": "string", "pattern": "^[0-9]{1,4}(\\.[0-9]{1,2}|m)?$"},
    "env": {"type": "object", "additionalProperties": TEXT},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "context_length": {"type": "integer", "minimum": 1, "maximum": 10000000},
    "time_limit": {"type": "integer", "minimum": 1, "maximum": 10000000},
    "access_mode": {"type": "string", "enum": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]},
    **dict.fromkeys(["gpus", "nodes", "replicas", "retries"], COUNT),
    **dict.fromkeys(["memory", "disk", "size"], BYTES),
    **dict.fromkeys(["name", "namespace", "claim", "storage_class", "queue", "priority", "token_secret"], NAME),
}
NUMBERS = {word: number for number, words in enumerate(
    ["zero", "one a 一", "two 两 二", "three 三", "four 四", "five 五", "six 六", "seven 七", "eight 八"]) for word in words.split()}


def pattern(name):
    """Kind, description and the keys of the form, in order."""
    with open(os.path.join(ROOT, "patterns", name + ".yaml")) as file:
        annotations = yaml.safe_load(file)["metadata"]["annotations"]
    slots = yaml.safe_load(annotations["kubectl-copilot.dev/form"])["slots"]
    keys = [slot if isinstance(slot, str) else slot["key"] for slot in slots]
    return name, annotations["kubectl-copilot.dev/description"], keys


def schema(patterns):
    branches = []
    for name, _, keys in patterns:
        properties = {"kind": {"const": name}, **{key: TYPES.get(key, TEXT) for key in keys}}
        branch = {"type": "object", "properties": properties, "required": ["kind"], "additionalProperties": False}
        branches.append(branch)
    none = {"type": "object", "properties": {"kind": {"const": "none"}}, "required": ["kind"], "additionalProperties": False}
    return {"anyOf": branches + [none]}


def normal(key, text):
    """A worked example's words as the schema wants them."""
    kind = TYPES.get(key, TEXT)
    if kind.get("type") == "integer":
        if text in NUMBERS:
            return NUMBERS[text]
        found = re.fullmatch(r"(\d+)(?: hours)?", text)
        return int(found[1]) * (3600 if "hours" in text else 1)
    if kind is BYTES:
        return re.sub(r" ?(gigs|GB)$", "Gi", text)
    return text


def conversation(patterns):
    """Everything before the request, as chat turns."""
    with open(os.path.join(ROOT, "prompts", "draft.md")) as file:
        instructions = file.read()
    kinds = "".join(f"{name}: {description}\n" for name, description, _ in patterns)
    instructions = instructions.replace("{{kinds}}\n", kinds).strip()
    instructions += (
        "\n\nAnswer with one JSON object: kind, and of its keys those that the request says; leave the others out. Write numbers"
        " as numbers, sizes as 64Gi, times in seconds."
    )
    messages = [{"role": "system", "content": instructions}]
    with open(os.path.join(ROOT, "prompts", "examples.yaml")) as file:
        examples = yaml.safe_load(file)
    order = {name: keys for name, _, keys in patterns}
    for example in examples:
        said = example.get("answers", {})
        answer = {"kind": example["kind"]}
        answer.update({key: normal(key, said[key]) for key in order.get(example["kind"], []) if key in said})
        messages.append({"role": "user", "content": example["request"]})
        messages.append({"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)})
    return messages


# --- what came of it ----------------------------------------------------------------------------------------------------


def plain(key, value):
    """A value without what is forgiven: case, units' i, spaces."""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        return {name: str(one) for name, one in value.items()}
    text = " ".join(str(value).split())
    if TYPES.get(key) is BYTES:
        return re.sub(r"(?<=[MGT])(iB|i|B)$", "", text)
    if key == "gpu_type":
        return re.sub(r"[^a-z0-9]", "", text.lower().replace("nvidia", ""))
    if key == "cpu":
        return str(float(text[:-1]) / 1000 if text.endswith("m") else float(text))
    return text.lower() if key in ("software", "owner", "access_mode") else text


def same(key, wanted, given):
    if wanted is None or given is None:
        return wanted is None and given is None
    return plain(key, wanted) == plain(key, given)


def judge(row, kind, values):
    """right, drafted but wrong, the keys that nobody said."""
    thing = row["expect"]["things"][0]
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", thing["what"]).lower()
    readings = [thing["values"]] + thing.get("any_of", [])
    stated = {key for reading in readings for key in reading}
    unsaid = [key for key in values if key not in stated]
    # No GPUs are said by leaving them out, too.
    fits = lambda reading: all(same(k, v, values.get(k, 0 if k == "gpus" and v == 0 else None)) for k, v in reading.items())
    right = kind == name and not unsaid and any(fits(reading) and set(values) <= set(reading) for reading in readings)
    return right, not right and kind not in (None, "none"), unsaid


def from_json(text):
    try:
        answer = json.loads(text)
        return answer.pop("kind", None), {key: value for key, value in answer.items() if value not in ("", {}, [])}
    except (ValueError, AttributeError):
        # Cut at the limit of tokens: nothing that a program could use.
        return "cut", {}


def from_document(document):
    """What our draft took from the request; its other values are defaults and say so."""
    if document["outcome"] != "drafted" or len(document["things"]) != 1:
        return None, {}
    thing = document["things"][0]
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", thing.get("pattern") or thing.get("kind")).lower()
    snake = lambda name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    said = {snake(one["name"]): one["value"] for one in thing["fields"] if one["origin"] == "request"}
    return kind, said


# --- the three ---------------------------------------------------------------------------------------------------------


def own_time():
    times = os.times()
    return times.user + times.system


def memory(pid, alone=False):
    """The most that a process and its children had resident, in MB."""
    total = 0
    for path in [f"/proc/{pid}/status"] + ([] if alone else glob.glob(f"/proc/{pid}/task/*/children")):
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        if path.endswith("status"):
            total += int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1000
        else:
            total += sum(memory(int(child)) for child in text.split())
    return total


def processor(pid):
    """Seconds of processor time that a process and its children have used."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    total = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path) as file:
            total += sum(processor(int(child)) for child in file.read().split())
    return total


class LlamaServer:
    name = "llama-server, json_schema"

    def __init__(self, args, before, form):
        self.before, self.form = before, form
        command = [args.server, "--host", "127.0.0.1", "--port", "0", "--model", args.model, "--parallel", "1"]
        command += ["--threads", str(args.threads), "--ctx-size", "4096"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.url = None
        for line in self.process.stderr:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                self.url = found[1]
                break
        if not self.url:
            sys.exit("llama-server ended before it was ready")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def ask(self, row):
        body = {
            "messages": self.before + [{"role": "user", "content": row["request"]}],
            "temperature": 0, "max_tokens": MOST, "cache_prompt": True,
            "response_format": {"type": "json_schema", "json_schema": {"name": "form", "strict": True, "schema": self.form}},
        }
        request = urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        begun = time.perf_counter()
        with urllib.request.urlopen(request, timeout=600) as reply:
            answer = json.load(reply)
        ms = (time.perf_counter() - begun) * 1000
        text = answer["choices"][0]["message"]["content"]
        return ms, answer["usage"]["completion_tokens"], 0, *from_json(text), text

    def pid(self):
        return self.process.pid

    def end(self):
        self.process.kill()
        self.process.wait()


class Llguidance:
    name = "llguidance 1.9, Python"

    def __init__(self, args, before, form, rows):
        self.before = before
        self.engine = Engine(args.model, args.threads, 1, context=4096)
        self.grammar = llguidance.LLMatcher.grammar_from_json_schema(form, overrides=SEPARATORS)
        self.engine.keep_common([self._work(row) for row in rows])

    def _work(self, row):
        return Work(row["id"], self.before + [{"role": "user", "content": row["request"]}], MOST, self.grammar)

    def ask(self, row):
        done = next(self.engine.run([self._work(row)]))
        return done.ms, done.sampled, done.forced, *from_json(done.text), done.text

    def pid(self):
        # Those that it started are the others' processes.
        return None

    def end(self):
        pass


class Ours:
    name = "kubectl-copilot"

    def __init__(self, args):
        self.room = tempfile.TemporaryDirectory()
        command = [args.ours, args.binary, args.model, str(args.threads), self.room.name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if "ready" not in self.process.stdout.readline():
            sys.exit("our program ended before it was ready")

    def ask(self, row):
        self.process.stdin.write(json.dumps({"id": row["id"], "request": row["request"]}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        kind, said = from_document(answer["document"])
        shown = json.dumps({"outcome": answer["document"]["outcome"], "kind": kind, **said}, ensure_ascii=False)
        return answer["ms"], answer["sampled"], answer["forced"], kind, said, shown

    def pid(self):
        return self.process.pid

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.room.cleanup()


def requests(every):
    found = []
    for family in FAMILIES:
        with open(os.path.join(ROOT, "tests", "requests", family + ".jsonl")) as lines:
            found += [json.loads(line) for line in lines if line.strip()]
    drafted = [row for row in found if row["expect"]["outcome"] == "drafted" and len(row["expect"]["things"]) == 1]
    plain_rows = [row for row in drafted if not row.get("earlier") and not row.get("context")]
    return plain_rows[::every]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["--model", "--server", "--ours", "--binary"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=3, help="takes every n-th request of the four families")
    parser.add_argument("--answers", help="a file for every answer, one JSON a line")
    args = parser.parse_args()
    args.model, args.binary = os.path.abspath(args.model), os.path.abspath(args.binary)

    patterns = [pattern(name) for name in PATTERNS]
    before, form, rows = conversation(patterns), schema(patterns), requests(args.every)
    engines = [LlamaServer(args, before, form), Llguidance(args, before, form, rows), Ours(args)]
    results, resident = {engine.name: [] for engine in engines}, {}
    warm_up = {"id": "warm-up", "request": "a notebook called warm-up with 64Gi and two GPUs", "expect": None}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(args, engines, results, warm_up, rows)
    except KeyboardInterrupt:
        print("stopped; the table has what was measured until then", file=sys.stderr)
    count = min(map(len, results.values()))
    results = {name: found[:count] for name, found in results.items()}
    for engine in engines:
        resident[engine.name] = memory(engine.pid() or os.getpid(), not engine.pid())
        engine.end()
    if count:
        table(args, count, results, resident)


def measure(args, engines, results, warm_up, rows):
    for engine in engines:
        engine.ask(warm_up)
    with open(args.answers or os.devnull, "w") as out:
        for number, row in enumerate(rows):
            # Who is first changes, so that nobody always comes after the same.
            for engine in engines[number % 3 :] + engines[: number % 3]:
                pid = engine.pid()
                used = processor(pid) if pid else own_time()
                ms, sampled, forced, kind, values, text = engine.ask(row)
                used = 1000 * ((processor(pid) if pid else own_time()) - used)
                right, wrong, unsaid = judge(row, kind, values)
                results[engine.name].append((ms, used, sampled, forced, right, wrong, len(unsaid)))
                line = {"id": row["id"], "by": engine.name, "ms": round(ms), "cpu_ms": round(used), "right": right, "unsaid": unsaid, "said": text}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                out.flush()
            print(f"{number + 1}/{len(rows)} {row['id']}", file=sys.stderr)


def table(args, count, results, resident):
    print(f"{count} requests, {os.path.basename(args.model)}, {args.threads} threads, load {os.getloadavg()[0]:.1f}\n")
    head = ["", "ms a draft (median)", "processor ms", "sampled", "forced", "right", "drafted but wrong", "nobody said", "resident"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    medians = {}
    for name, found in results.items():
        columns = list(zip(*found))
        medians[name] = statistics.median(columns[0])
        cells = [name, f"{medians[name]:.0f}", f"{statistics.median(columns[1]):.0f}",
                 f"{statistics.mean(columns[2]):.1f}", f"{statistics.mean(columns[3]):.1f}", f"{sum(columns[4])} of {count}",
                 str(sum(columns[5])), str(sum(columns[6])), f"{resident[name]:.0f} MB"]
        print("| " + " | ".join(cells) + " |")
    ours = results[Ours.name]
    for name, found in list(results.items())[:2]:
        time_ratios = [mine[0] / other[0] for mine, other in zip(ours, found)]
        work_ratios = [mine[1] / max(other[1], 1) for mine, other in zip(ours, found)]
        print(f"\nours / {name}, median of the requests: {statistics.median(time_ratios):.2f} of the time, "
              f"{statistics.median(work_ratios):.2f} of the processor time", end="")
    print()


if __name__ == "__main__":
    main()
