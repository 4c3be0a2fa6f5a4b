"""Trains the embedded model on the generated corpus and writes it as GGUF.

The corpus (one JSON object a line, made by `cargo run --example corpus`) holds segments: text that is given (request,
keys) and text that is to be learned (values). A decoder of the llama architecture is trained from scratch; the loss
counts values fully and given text a little (it teaches the words, not the answers).

    python training/train.py --corpus corpus.jsonl --out models/embedded.gguf --minutes 35

Training is resumable: the state is written to `--state` every few minutes and taken up again where it is found.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional as F

# Everything but runs of letters stands alone: blanks, digits, punctuation. Merges then never cross a class, so that a
# name has the same tokens in the request and in the answer, and llama.cpp's `default` pre-tokenizer splits alike.
SPLIT = r"\p{L}+|[^\p{L}]"
END = "<|end|>"
PAD = "<|pad|>"

# Share of the given positions that are predicted in a step; their weight grows in turn.
GIVEN_SHARE = 0.2


def train_tokenizer(texts: list[str], size: int) -> Tokenizer:
    """Byte-level BPE over the corpus."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Rope(nn.Module):
    """Rotary positions with interleaved pairs, as llama.cpp computes them for this architecture."""

    def __init__(self, width: int, longest: int, base: float = 10_000.0) -> None:
        super().__init__()
        inverse = base ** (-torch.arange(0, width, 2).float() / width)
        angles = torch.arange(longest).float()[:, None] * inverse[None, :]
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        length = x.shape[-2]
        cos, sin = self.cos[:length].to(x.dtype), self.sin[:length].to(x.dtype)
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Norm(nn.Module):
    """RMS norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


class Block(nn.Module):
    """Attention and a gated feed-forward layer."""

    def __init__(self, width: int, heads: int, hidden: int, rope: Rope) -> None:
        super().__init__()
        self.heads, self.rope = heads, rope
        self.attn_norm, self.ffn_norm = Norm(width), Norm(width)
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, width, bias=False)
        self.v = nn.Linear(width, width, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        h = self.attn_norm(x)
        split = lambda t: t.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        q, k, v = split(self.q(h)), split(self.k(h)), split(self.v(h))
        a = F.scaled_dot_product_attention(self.rope(q), self.rope(k), v, is_causal=True)
        x = x + self.o(a.transpose(1, 2).reshape(batch, length, width))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(nn.Module):
    """The decoder; input and output share their table."""

    def __init__(self, vocab: int, width: int, layers: int, heads: int, hidden: int, longest: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab, width)
        rope = Rope(width // heads, longest)
        self.blocks = nn.ModuleList(Block(width, heads, hidden, rope) for _ in range(layers))
        self.norm = Norm(width)
        self.apply(self._start)
        for block in self.blocks:
            for linear in (block.o, block.down):
                nn.init.normal_(linear.weight, std=0.02 / math.sqrt(2 * layers))

    @staticmethod
    def _start(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """States of shape (batch, length, width), before the output table."""
        x = self.table(tokens)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores of shape (batch, length, vocabulary)."""
        return F.linear(self(tokens), self.table.weight)

    def loss(self, tokens: torch.Tensor, at: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Mean loss of predicting what follows the positions `at` (indices into the flattened batch).

        Only these positions meet the output table, which is as large as a layer: what is not learned costs nothing there.
        """
        states = self(tokens[:, :-1]).flatten(0, 1)[at]
        target = tokens[:, 1:].flatten()[at]
        scores = F.linear(states, self.table.weight).float()
        return (F.cross_entropy(scores, target, reduction="none") * weights).sum() / weights.sum()


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/).

    For the layers' matrices; it needs about half the steps of AdamW, which keeps the table and the vectors.
    """

    def __init__(self, params: list, lr: float, momentum: float = 0.95, weight_decay: float = 0.01) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(momentum, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Newton-Schulz: about the nearest matrix whose singular values are 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def fastest_dtype(device: str) -> torch.dtype:
    """float32 or bfloat16, whichever multiplies faster here: processors differ by a factor of a thousand."""
    speeds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(2048, 256, dtype=dtype, device=device)
        b = torch.randn(256, 1024, dtype=dtype, device=device)
        for _ in range(3):
            a @ b
        start = time.perf_counter()
        for _ in range(20):
            a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        speeds[dtype] = 20 / (time.perf_counter() - start)
        print(f"{dtype}: {2 * 2048 * 256 * 1024 * speeds[dtype] / 1e9:.0f} GFLOP/s", flush=True)
    return torch.bfloat16 if speeds[torch.bfloat16] > 1.3 * speeds[torch.float32] else torch.float32


def encode(rows: list[list[list]], tokenizer: Tokenizer, longest: int, given: float) -> list[tuple[list[int], list[float]]]:
    """Token ids and, for each, the weight of predicting it."""
    samples = []
    for segments in rows:
        ids: list[int] = []
        weights: list[float] = []
        for (text, learned), encoding in zip(segments, tokenizer.encode_batch([s[0] for s in segments])):
            ids.extend(encoding.ids)
            weights.extend([1.0 if learned else given] * len(encoding.ids))
        if len(ids) <= longest:
            samples.append((ids, weights))
    return samples


def batches(samples: list, tokens: int, pad: int, random_: random.Random):
    """Batches of about equal length, forever, each with at most so many tokens."""
    while True:
        order = list(range(len(samples)))
        random_.shuffle(order)
        for chunk_start in range(0, len(order), 4096):
            chunk = sorted(order[chunk_start : chunk_start + 4096], key=lambda i: len(samples[i][0]))
            groups, group, width = [], [], 0
            for i in chunk:
                width = max(width, len(samples[i][0]))
                if group and width * (len(group) + 1) > tokens:
                    groups.append(group)
                    group, width = [], len(samples[i][0])
                group.append(i)
            if group:
                groups.append(group)
            random_.shuffle(groups)
            for group in groups:
                width = max(len(samples[i][0]) for i in group)
                ids = np.full((len(group), width), pad, dtype=np.int64)
                weights = np.zeros((len(group), width), dtype=np.float32)
                for row, i in enumerate(group):
                    sample_ids, sample_weights = samples[i]
                    ids[row, : len(sample_ids)] = sample_ids
                    weights[row, : len(sample_weights)] = sample_weights
                yield torch.from_numpy(ids), torch.from_numpy(weights)


@torch.no_grad()
def held_out(model: Model, samples: list, pad: int, device: str, dtype: torch.dtype) -> tuple[float, float]:
    """Loss on values, and the share of values whose every token is the model's first choice."""
    model.eval()
    losses, right, total = [], 0, 0
    for start in range(0, len(samples), 64):
        group = samples[start : start + 64]
        width = max(len(ids) for ids, _ in group)
        ids = torch.full((len(group), width), pad, dtype=torch.long)
        learn = torch.zeros((len(group), width), dtype=torch.bool)
        for row, (sample_ids, weights) in enumerate(group):
            ids[row, : len(sample_ids)] = torch.tensor(sample_ids)
            learn[row, : len(weights)] = torch.tensor([w == 1.0 for w in weights])
        ids, learn = ids.to(device), learn.to(device)
        with torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
            logits = model.logits(ids[:, :-1]).float()
        target, mask = ids[:, 1:], learn[:, 1:]
        loss = F.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        losses.append(loss[mask].mean().item())
        wrong = (logits.argmax(-1) != target) & mask
        right += int((~wrong.any(dim=1)).sum())
        total += len(group)
    model.train()
    return sum(losses) / max(len(losses), 1), right / max(total, 1)


def export(model: Model, tokenizer: Tokenizer, args: argparse.Namespace, path: Path) -> None:
    """Writes the GGUF: llama architecture, Q8_0 matrices, the corpus' own BPE."""
    import gguf

    vocab = tokenizer.get_vocab()
    tokens = [token for token, _ in sorted(vocab.items(), key=lambda item: item[1])]
    merges = [" ".join(pair) if not isinstance(pair, str) else pair for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    kinds = [gguf.TokenType.CONTROL if token in (END, PAD) else gguf.TokenType.NORMAL for token in tokens]

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    writer = gguf.GGUFWriter(part, "llama")
    writer.add_name("kubectl-copilot embedded")
    writer.add_description("Fills kubectl-copilot's forms. Trained from scratch on a generated corpus.")
    writer.add_license("apache-2.0")
    # The program asks a file with this key with bare forms, without instructions and examples.
    writer.add_string("kubectl-copilot.prompt", "form")
    writer.add_context_length(args.longest)
    writer.add_embedding_length(args.width)
    writer.add_block_count(args.layers)
    writer.add_feed_forward_length(args.hidden)
    writer.add_head_count(args.heads)
    writer.add_head_count_kv(args.heads)
    writer.add_rope_dimension_count(args.width // args.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(vocab[END])
    writer.add_pad_token_id(vocab[PAD])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)

    def matrix(name: str, tensor: torch.Tensor) -> None:
        data = tensor.detach().float().cpu().numpy()
        packed = gguf.quants.quantize(data, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def vector(name: str, tensor: torch.Tensor) -> None:
        writer.add_tensor(name, tensor.detach().float().cpu().numpy())

    matrix("token_embd.weight", model.table.weight)
    for index, block in enumerate(model.blocks):
        vector(f"blk.{index}.attn_norm.weight", block.attn_norm.weight)
        vector(f"blk.{index}.ffn_norm.weight", block.ffn_norm.weight)
        matrix(f"blk.{index}.attn_q.weight", block.q.weight)
        matrix(f"blk.{index}.attn_k.weight", block.k.weight)
        matrix(f"blk.{index}.attn_v.weight", block.v.weight)
        matrix(f"blk.{index}.attn_output.weight", block.o.weight)
        matrix(f"blk.{index}.ffn_gate.weight", block.gate.weight)
        matrix(f"blk.{index}.ffn_up.weight", block.up.weight)
        matrix(f"blk.{index}.ffn_down.weight", block.down.weight)
    vector("output_norm.weight", model.norm.weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(path)
    print(f"wrote {path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--state", type=Path, help="state to resume from and to write to")
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--vocab", type=int, default=2048)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--longest", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=3072, help="tokens a batch")
    parser.add_argument("--rate", type=float, default=3e-3, help="AdamW, for the table and the vectors")
    parser.add_argument("--muon-rate", type=float, default=0.02, help="Muon, for the layers' matrices")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="where torch.compile has no C++ compiler")
    parser.add_argument("--given", type=float, default=0.1, help="weight of text that is given, not learned")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16"], default="auto")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    random_ = random.Random(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = fastest_dtype(device) if args.dtype == "auto" else getattr(torch, args.dtype)

    rows = [json.loads(line)["segments"] for line in args.corpus.open(encoding="utf-8")]
    random_.shuffle(rows)
    state = None
    if args.state and args.state.exists():
        state = torch.load(args.state, map_location=device, weights_only=False)
    if state:
        tokenizer = Tokenizer.from_str(state["tokenizer"])
    else:
        tokenizer = train_tokenizer(["".join(s[0] for s in row) for row in rows[:40_000]], args.vocab)
    vocab = tokenizer.get_vocab_size()
    samples = encode(rows, tokenizer, args.longest, args.given)
    held, samples = samples[:1_000], samples[1_000:]
    lengths = [len(ids) for ids, _ in samples]
    print(f"{len(samples)} samples, {sum(lengths) / len(lengths):.0f} tokens on average, vocabulary {vocab}", flush=True)

    model = Model(vocab, args.width, args.layers, args.heads, args.hidden, args.longest).to(device)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters on {device} in {dtype}", flush=True)
    matrices = [p for p in model.blocks.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizers = [
        Muon(matrices, lr=args.muon_rate),
        torch.optim.AdamW(
            [{"params": [model.table.weight]}, {"params": vectors}], lr=args.rate, betas=(0.9, 0.95), weight_decay=0.0
        ),
    ]
    rates = [args.muon_rate, args.rate]
    loss_of = torch.compile(model.loss, dynamic=True) if args.compile else model.loss
    step, spent = 0, 0.0
    if state:
        model.load_state_dict(state["model"])
        for optimizer, saved_state in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved_state)
        step, spent = state["step"], state["spent"]
        print(f"resumed at step {step}, {spent / 60:.1f} minutes", flush=True)

    def save() -> None:
        if args.state:
            torch.save(
                {
                    "model": model.state_dict(),
                    "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                    "tokenizer": tokenizer.to_str(),
                    "step": step,
                    "spent": spent,
                },
                args.state,
            )

    budget = args.minutes * 60
    source = batches(samples, args.tokens, tokenizer.token_to_id(PAD), random_)
    # Time is counted as the processor's, so that a machine that is busy with other things gets as many steps.
    threads = args.threads if device == "cpu" else 1
    clock = lambda: time.process_time() / threads if device == "cpu" else time.perf_counter()
    last, saved, seen = clock(), clock(), 0
    while spent < budget:
        ids, weights = next(source)
        # Warm up for 150 steps, then a cosine over the time that is left.
        done = min(spent / budget, 1.0)
        factor = min(1.0, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for optimizer, rate in zip(optimizers, rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        # Every learned position, and of the given ones a part that stands for all of them.
        flat = weights[:, 1:].flatten()
        at = torch.nonzero((flat == 1.0) | ((flat > 0) & (torch.rand(flat.shape) < GIVEN_SHARE))).flatten()
        counts = torch.where(flat[at] == 1.0, 1.0, flat[at] / GIVEN_SHARE)
        ids, at, counts = ids.to(device), at.to(device), counts.to(device)
        with torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
            loss = loss_of(ids, at, counts)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        seen += ids.numel()
        now = clock()
        spent += now - last
        last = now
        if step % 200 == 0:
            print(f"step {step} {spent / 60:.1f} min loss {loss.item():.4f} {seen / max(now - saved, 1):.0f} tokens/s", flush=True)
        if now - saved > 240:
            value_loss, whole = held_out(model, held, tokenizer.token_to_id(PAD), device, dtype)
            print(f"held out: value loss {value_loss:.4f}, whole forms {whole:.1%}", flush=True)
            export(model, tokenizer, args, args.out)
            save()
            saved = last = clock()
            seen = 0
    value_loss, whole = held_out(model, held, tokenizer.token_to_id(PAD), device, dtype)
    print(f"held out: value loss {value_loss:.4f}, whole forms {whole:.1%}; {step} steps", flush=True)
    export(model, tokenizer, args, args.out)
    save()


if __name__ == "__main__":
    main()
