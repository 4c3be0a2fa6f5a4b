#!/usr/bin/env python3
"""Writes the tiny GGUF files that the tests of the model layer load: models/fixtures/*.gguf.

The weights are random (fixed seed): the files say nothing sensible, but they have everything that llama.cpp needs.
Needs the packages `gguf` and `numpy`. Run it from the repository's root; the result is committed.
"""

import pathlib
import sys

import gguf
import numpy as np

EMBEDDING, HEADS, LAYERS, FEED_FORWARD, CONTEXT = 32, 2, 2, 64, 512
WORDS = """kind name namespace gpus gpu_type memory disk replicas port image notebook training serving Request lab
mira vision one two three four GPU GPUs with and the for a in on workbench called each node""".split()


# Conversations between marks; a thought is opened for the answer.
MARKED_TURNS = """{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n<think>\\n' }}
{%- endif %}"""

# Roles alternate, no system role.
ALTERNATING_TURNS = """{{ bos_token }}{% for message in messages %}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
    {{- raise_exception('roles must alternate user/assistant') }}
{%- endif %}
{%- if message['role'] == 'user' %}
    {{- '[INST] ' + message['content'].strip() + ' [/INST]' }}
{%- else %}
    {{- ' ' + message['content'] + eos_token }}
{%- endif %}
{%- endfor %}"""


def spm_vocabulary(marks=()):
    """SentencePiece: specials, 256 bytes, characters, words with and without the space mark, and all their halves."""
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    pieces += [(mark, 0.0, 3) for mark in marks]
    pieces += [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    normal = {"\u2581"}
    for word in WORDS:
        for text in (word, "\u2581" + word):
            # Words are found by joining neighbours, so every beginning has to be a piece too.
            normal.update(text[:end] for end in range(1, len(text) + 1))
            normal.update(text)
    normal.update("abcdefghijklmnopqrstuvwxyz0123456789:-.")
    ordered = sorted(normal, key=lambda piece: (len(piece), piece))
    # The longer a piece, the better: scores are log probabilities, and pairs are joined best first.
    pieces += [(piece, -100.0 + len(piece), 1) for piece in ordered]
    return pieces


def weights(writer, vocabulary, rng, scale=0.3):
    def tensor(name, *shape):
        data = rng.standard_normal(shape, dtype=np.float32) * scale / np.sqrt(shape[-1])
        writer.add_tensor(name, data.astype(np.float16))

    def ones(name, size):
        writer.add_tensor(name, np.ones(size, dtype=np.float32))

    tensor("token_embd.weight", vocabulary, EMBEDDING)
    ones("output_norm.weight", EMBEDDING)
    # A large output layer: rows that differ clearly between tokens.
    writer.add_tensor("output.weight", rng.standard_normal((vocabulary, EMBEDDING), dtype=np.float32).astype(np.float16))
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            ones(f"blk.{layer}.{norm}.weight", EMBEDDING)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{layer}.{part}.weight", EMBEDDING, EMBEDDING)
        tensor(f"blk.{layer}.ffn_gate.weight", FEED_FORWARD, EMBEDDING)
        tensor(f"blk.{layer}.ffn_up.weight", FEED_FORWARD, EMBEDDING)
        tensor(f"blk.{layer}.ffn_down.weight", EMBEDDING, FEED_FORWARD)


def model(path, name, heads=HEADS, vocabulary_model="llama", seed=7, marks=(), template=None):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    pieces = spm_vocabulary(marks)
    writer.add_tokenizer_model(vocabulary_model)
    writer.add_token_list([piece.encode() for piece, _, _ in pieces])
    writer.add_token_scores([score for _, score, _ in pieces])
    writer.add_token_types([kind for _, _, kind in pieces])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    if template:
        writer.add_chat_template(template)
    weights(writer, len(pieces), np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def adapter(path, name, rank=2, seed=13):
    """A LoRA adapter for the SentencePiece fixture, strong enough that answers change."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0 * rank)
    rng = np.random.default_rng(seed)
    shapes = {"output.weight": (len(spm_vocabulary()), EMBEDDING)}
    shapes |= {f"blk.{layer}.ffn_down.weight": (EMBEDDING, FEED_FORWARD) for layer in range(LAYERS)}
    for tensor, (rows, columns) in shapes.items():
        writer.add_tensor(tensor + ".lora_a", rng.standard_normal((rank, columns), dtype=np.float32))
        writer.add_tensor(tensor + ".lora_b", rng.standard_normal((rows, rank), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_characters():
    """GPT-2's printable stand-ins for bytes, in byte order."""
    kept = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return [table[byte] for byte in range(256)]


def bpe_model(path, name, seed=11, marks=(), template=None):
    """Byte pairs, with merges across the places where a form's line is put together: after the colon, at its end."""
    characters = byte_characters()
    space, line_break = characters[32], characters[10]
    merges = [(space, "-"), (space + "-", line_break), (space, "8"), (space + "8", "0"), ("p", "o"), ("r", "t"),
              ("po", "rt"), ("n", "a"), ("m", "e"), ("na", "me"), ("l", "a"), ("la", "b"), (space, "lab"), ("-", "1")]
    tokens = characters + [left + right for left, right in merges] + ["<|end|>"]
    end = len(tokens) - 1
    kinds = [1] * end + [3] + [kind for _, kind in marks]
    tokens += [mark for mark, _ in marks]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)
    if template:
        writer.add_chat_template(template)
    weights(writer, len(tokens), np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder = pathlib.Path("models/fixtures")
    folder.mkdir(parents=True, exist_ok=True)
    model(folder / "tiny-spm.gguf", "tiny SentencePiece fixture")
    bpe_model(folder / "tiny-bpe.gguf", "tiny byte-pair fixture")
    # With chat templates: 3 is a control token, 4 one that a model's makers added.
    model(folder / "chat-spm.gguf", "SentencePiece chat fixture", marks=("[INST]", "[/INST]"), template=ALTERNATING_TURNS)
    bpe_model(folder / "chat-bpe.gguf", "byte-pair chat fixture", template=MARKED_TURNS,
              marks=(("<|im_start|>", 3), ("<|im_end|>", 3), ("<think>", 4), ("</think>", 4)))
    adapter(folder / "tiny-adapter.gguf", "tiny adapter fixture")
    # A vocabulary type that is not supported.
    model(folder / "other-vocabulary.gguf", "unigram fixture", vocabulary_model="t5")
    for path in sorted(folder.glob("*.gguf")):
        print(f"{path}  {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
