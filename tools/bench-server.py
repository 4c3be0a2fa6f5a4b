#!/usr/bin/env python3
"""Many people at one model server: `make bench-server`.

    tools/bench-server.py --binary PATH --server PATH/TO/llama-server --model GGUF [--people 16] [--slots 4] [--threads 2]

Starts llama-server with so many slots, and calls `kubectl-copilot draft --model URL` as people do: first one after the
other, then all at once, each with a name and a size of its own, so that nobody's answer can be taken for another's. Beside
it the server's own /metrics and /slots are read: how many requests wait, how many slots work. At last one call is stopped
with Ctrl-C while its slot works, and the time until the slot is free again is measured.
"""

import argparse
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

FORM_AT_LEAST = 64  # tokens: the question by which a server is tried out may have so many, a form has more

ALONE = 3  # drafts of one person, one after the other


class Server:
    def __init__(self, args):
        command = [args.server, "--host", "127.0.0.1", "--port", "0", "--slots", "--metrics", "--model", args.model]
        command += ["--threads", str(args.threads), "--parallel", str(args.slots), "--ctx-size", str(4096 * args.slots)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                self.url = found[1]
                break
        else:
            sys.exit("llama-server ended before it was ready:\n" + "".join(said))
        # Nobody must stop reading, or it stops at a full pipe.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def slots(self):
        return json.loads(self.get("/slots"))

    def metric(self, name):
        found = re.search(rf"^llamacpp:{name} (\S+)", self.get("/metrics"), re.M)
        return float(found[1]) if found else 0.0


class Watch(threading.Thread):
    """The most that waited and worked at once."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.waiting, self.working, self.over = server, 0, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.waiting = max(self.waiting, int(self.server.metric("requests_deferred")))
            self.working = max(self.working, sum(slot["is_processing"] for slot in self.server.slots()))


def request(person):
    return f"give me a notebook called lab-{person:02} with two GPUs, {64 + person}Gi"


def call(args, url, person, room):
    """One draft in a process of its own: seconds, and what is wrong with it."""
    command = [args.binary, "draft", "-p", request(person), "--to", "out", "-o", "json", "--model", url]
    environment = {"PATH": os.environ["PATH"], "HOME": room, "XDG_CACHE_HOME": room, "USER": "alice"}
    begun = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=room, capture_output=True, text=True)
    seconds = time.monotonic() - begun
    if done.returncode != 0:
        return seconds, f"exit code {done.returncode}: {done.stderr.strip()}", None
    return seconds, None, json.dumps(json.loads(done.stdout)["objects"])


def shown(objects):
    """What was taken from the words; the objects themselves fill a screen each."""
    try:
        return json.loads(objects)[0]["metadata"]["annotations"]["kubectl-copilot.dev/draft"]
    except (LookupError, TypeError, ValueError):
        return objects


def is_of_another(objects, person, people):
    """Whether anybody else's name or size stands in it."""
    marks = [mark for other in range(people) if other != person for mark in (f"lab-{other:02}", f"{64 + other}Gi")]
    return any(mark in objects for mark in marks)


def as_person(text, person):
    """A draft with this person's name and size in place of a mark."""
    return text.replace(f"lab-{person:02}", "NAME").replace(f"{64 + person}Gi", "SIZE")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["--binary", "--server", "--model"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.binary = os.path.abspath(args.binary)
    server = Server(args)
    try:
        with tempfile.TemporaryDirectory() as room:
            measure(args, server, room)
    finally:
        server.process.kill()
        server.process.wait()


def measure(args, server, room):
    cold, problem, first = call(args, server.url, 0, room)
    if problem:
        sys.exit(f"the first draft failed: {problem}")
    expected = as_person(first, 0)
    if "NAME" not in expected or "SIZE" not in expected:
        sys.exit(f"the first draft is not what was asked for: {first}")
    print(f"first draft: {cold:.1f} s", file=sys.stderr)
    alone, wrong = [], []
    for person in range(1, ALONE + 1):
        seconds, problem, objects = call(args, server.url, person, room)
        alone.append(seconds)
        if problem or as_person(objects, person) != expected:
            wrong.append(f"alone, person {person}: {problem or shown(objects)}")

    watch, results = Watch(server), [None] * args.people
    watch.start()

    def one(person):
        results[person] = call(args, server.url, person, room)
        print(f"person {person}: {results[person][0]:.1f} s", file=sys.stderr)

    people = [threading.Thread(target=one, args=(person,)) for person in range(args.people)]
    begun = time.monotonic()
    for person in people:
        person.start()
    for person in people:
        person.join()
    whole = time.monotonic() - begun
    watch.over.set()
    watch.join()
    right = others = 0
    for person, (_, problem, objects) in enumerate(results):
        if problem is None and as_person(objects, person) == expected:
            right += 1
        else:
            others += problem is None and is_of_another(objects, person, args.people)
            wrong.append(f"at once, person {person}: {problem or shown(objects)}")
    freed = stop_one(args, server, room)

    times = sorted(seconds for seconds, _, _ in results)
    print(f"llama-server with {args.slots} slots and {args.threads} threads, {os.path.basename(args.model)}")
    rows = [
        ("first draft, nothing cached", f"{cold:.1f} s"),
        (f"one person, median of {ALONE}", f"{statistics.median(alone):.2f} s"),
        (f"{args.people} people at once, median", f"{statistics.median(times):.2f} s"),
        ("the first and the last of them", f"{times[0]:.2f} s, {times[-1]:.2f} s"),
        ("drafts a minute, one person", f"{60 / statistics.mean(alone):.0f}"),
        (f"drafts a minute, {args.people} people", f"{60 * args.people / whole:.0f}"),
        ("right answers", f"{right} of {args.people}"),
        ("answers of somebody else", f"{others}"),
        ("most requests that waited (/metrics)", f"{watch.waiting}"),
        ("most slots that worked (/slots)", f"{watch.working} of {args.slots}"),
        ("Ctrl-C to a free slot", f"{freed:.2f} s"),
    ]
    for name, value in rows:
        print(f"| {name:37} | {value:>18} |")
    if wrong:
        # What a small model makes of one of the sizes may differ; what is another's must not be.
        print("other answers than the first person's:\n" + "\n".join(wrong))
    if others or any(problem for _, problem, _ in results):
        sys.exit(1)


def stop_one(args, server, room):
    """Seconds from Ctrl-C at a client whose form is worked at until no slot works."""
    command = [args.binary, "draft", "-p", request(90), "--to", "out", "--model", server.url]
    environment = {"PATH": os.environ["PATH"], "HOME": room, "XDG_CACHE_HOME": room, "USER": "alice"}
    process = subprocess.Popen(command, env=environment, cwd=room, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def at_form(slot):
        return slot["is_processing"] and slot.get("params", {}).get("n_predict", 0) > FORM_AT_LEAST

    while not any(at_form(slot) for slot in server.slots()):
        if process.poll() is not None:
            sys.exit("a draft ended before it could be stopped")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = process.wait()
    while any(slot["is_processing"] for slot in server.slots()):
        pass
    freed = time.monotonic() - begun
    if code != 130:
        sys.exit(f"a draft that was stopped ended with {code}, not 130")
    return freed


if __name__ == "__main__":
    main()
