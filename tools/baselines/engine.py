"""llama.cpp through its Python binding, with or without a grammar of llguidance: what a user would put together.

Greedy. Several requests can be decoded in one batch, each in its own sequence; a prefix that is the same for all is
evaluated once. Tokens that the grammar forces are evaluated in one batch and not sampled, as llguidance's documentation
recommends. The libraries are those of `tools/llama-server.sh`, so that peers and llama-server run the same code.
"""

import ctypes
import time
from dataclasses import dataclass, field

import llama_cpp
import llguidance
import llguidance.llamacpp
import llguidance.numpy
import numpy
from llama_cpp import llama_chat_format


@dataclass
class Work:
    """One request: what to say, and what may be answered."""

    id: object
    messages: list
    most: int
    grammar: str | None = None


@dataclass
class Done:
    """What came of it."""

    id: object
    text: str
    sampled: int
    forced: int
    ms: float
    # It was stopped at the limit of tokens.
    cut: bool


@dataclass
class Sequence:
    work: Work
    number: int
    waiting: list
    position: int
    begun: float
    matcher: object = None
    out: list = field(default_factory=list)
    sampled: int = 0
    forced: int = 0


@llama_cpp.llama_log_callback
def _quiet(_level, _text, _data):
    pass


class Engine:
    def __init__(self, path, threads, sequences=1, context=8192, batch=512):
        llama_cpp.llama_log_set(_quiet, None)
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"the model {path} cannot be loaded")
        params = llama_cpp.llama_context_default_params()
        # The last sequence holds the common prefix.
        params.n_ctx, params.n_batch, params.n_ubatch = context, batch, batch
        params.n_seq_max, params.kv_unified = sequences + 1, True
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        if not self.context:
            raise SystemExit(f"there is no memory for {context} tokens of context")
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.batch_size, self.sequences = batch, sequences
        self.batch = llama_cpp.llama_batch_init(batch, 0, 1)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.prefix = []
        self.tokenizer = llguidance.llamacpp.lltokenizer_from_vocab(self.vocab)
        self.mask = llguidance.numpy.allocate_token_bitmask(1, self.n_vocab)
        template = self._meta("tokenizer.chat_template")
        piece = lambda token: self.piece(token) if token >= 0 else ""
        self.formatter = llama_chat_format.Jinja2ChatFormatter(
            template=template,
            eos_token=piece(llama_cpp.llama_vocab_eos(self.vocab)),
            bos_token=piece(llama_cpp.llama_vocab_bos(self.vocab)),
        )

    def _meta(self, key):
        buffer = ctypes.create_string_buffer(1 << 16)
        length = llama_cpp.llama_model_meta_val_str(self.model, key.encode(), buffer, len(buffer))
        if length < 0:
            raise SystemExit(f"the model has no {key}")
        return buffer.raw[:length].decode()

    def piece(self, token):
        return self.bytes([token], special=True).decode("utf-8", "replace")

    def bytes(self, tokens, special=False):
        buffer = ctypes.create_string_buffer(1024)
        out = b""
        for token in tokens:
            length = llama_cpp.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
            out += buffer.raw[: max(length, 0)]
        return out

    def tokenize(self, text):
        data = text.encode()
        room = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(self.vocab, data, len(data), room, len(room), False, True)
        return list(room[:count])

    def prompt(self, messages):
        return self.formatter(messages=messages).prompt

    def _decode(self, entries):
        """Evaluates (sequence, token, position, whether logits are wanted); at most a batch of them."""
        for index, (number, token, position, wanted) in enumerate(entries):
            self.batch.token[index] = token
            self.batch.pos[index] = position
            self.batch.n_seq_id[index] = 1
            self.batch.seq_id[index][0] = number
            self.batch.logits[index] = wanted
        self.batch.n_tokens = len(entries)
        status = llama_cpp.llama_decode(self.context, self.batch)
        if status:
            raise SystemExit(f"llama_decode failed with {status}")

    def keep(self, tokens):
        """Evaluates a prefix once; requests that begin with it go on from there."""
        self.prefix = tokens
        llama_cpp.llama_memory_seq_rm(self.memory, self.sequences, -1, -1)
        for start in range(0, len(tokens), self.batch_size):
            part = tokens[start : start + self.batch_size]
            self._decode([(self.sequences, token, start + at, False) for at, token in enumerate(part)])

    def keep_common(self, works):
        """Keeps what the prompts of these requests have in common."""
        prompts = [self.tokenize(self.prompt(work.messages)) for work in works]
        length = 0
        while all(len(p) > length + 1 for p in prompts) and len({p[length] for p in prompts}) == 1:
            length += 1
        self.keep(prompts[0][:length])

    def _begin(self, work, number):
        begun = time.perf_counter()
        tokens = self.tokenize(self.prompt(work.messages))
        llama_cpp.llama_memory_seq_rm(self.memory, number, -1, -1)
        start = 0
        if self.prefix and tokens[: len(self.prefix)] == self.prefix:
            start = len(self.prefix)
            llama_cpp.llama_memory_seq_cp(self.memory, self.sequences, number, 0, start)
        sequence = Sequence(work, number, tokens[start:], start, begun)
        if work.grammar is not None:
            sequence.matcher = llguidance.LLMatcher(self.tokenizer, work.grammar)
            if sequence.matcher.is_error():
                raise SystemExit(f"{work.id}: the grammar is refused: {sequence.matcher.get_error()}")
            self._force(sequence)
        return sequence

    def _force(self, sequence):
        forced = sequence.matcher.compute_ff_tokens()
        if forced:
            sequence.matcher.consume_tokens(forced)
            sequence.out += forced
            sequence.waiting += forced
            sequence.forced += len(forced)

    def _sample(self, sequence, index):
        """Takes the best allowed token; whether the answer ends with it."""
        logits = numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, index), (self.n_vocab,))
        matcher = sequence.matcher
        if matcher is None:
            token = int(logits.argmax())
            sequence.sampled += 1
            if llama_cpp.llama_vocab_is_eog(self.vocab, token):
                return True
        else:
            llguidance.numpy.fill_next_token_bitmask(matcher, self.mask)
            allowed = numpy.unpackbits(self.mask.view(numpy.uint8), bitorder="little")[: self.n_vocab]
            token = int(numpy.where(allowed, logits, -numpy.inf).argmax())
            sequence.sampled += 1
            if llama_cpp.llama_vocab_is_eog(self.vocab, token):
                return True
            if not matcher.consume_token(token):
                raise SystemExit(f"{sequence.work.id}: the grammar stopped: {matcher.get_error()}")
        sequence.out.append(token)
        sequence.waiting = [token]
        if matcher is not None and not matcher.is_stopped():
            self._force(sequence)
        return matcher is not None and matcher.is_stopped()

    def run(self, works):
        """Answers all of them; yields each as it is done."""
        todo, active, free = list(works), [], list(range(self.sequences))
        while todo or active:
            while todo and free:
                active.append(self._begin(todo.pop(0), free.pop(0)))
            entries, ends = [], []
            # Whoever has one token to evaluate goes first, so that nobody waits for another's prompt.
            for sequence in sorted(active, key=lambda one: len(one.waiting)):
                part = sequence.waiting[: self.batch_size - len(entries)]
                last = len(part) == len(sequence.waiting)
                for at, token in enumerate(part):
                    wanted = last and at == len(part) - 1
                    entries.append((sequence.number, token, sequence.position + at, wanted))
                sequence.position += len(part)
                sequence.waiting = sequence.waiting[len(part) :]
                if part and last:
                    ends.append((sequence, len(entries) - 1))
            self._decode(entries)
            for sequence, index in ends:
                ended = self._sample(sequence, index)
                cut = not ended and len(sequence.out) >= sequence.work.most
                if ended or cut:
                    active.remove(sequence)
                    free.append(sequence.number)
                    llama_cpp.llama_memory_seq_rm(self.memory, sequence.number, -1, -1)
                    ms = (time.perf_counter() - sequence.begun) * 1000
                    text = self.bytes(sequence.out).decode("utf-8", "replace")
                    yield Done(sequence.work.id, text, sequence.sampled, sequence.forced, ms, cut)
