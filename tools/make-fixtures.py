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


def spm_vocabulary():
    """SentencePiece: specials, 256 bytes, characters, words with and without the space mark, and all their halves."""
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
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


def model(path, name, heads=HEADS, vocabulary_model="llama", seed=7):
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
    pieces = spm_vocabulary()
    writer.add_tokenizer_model(vocabulary_model)
    writer.add_token_list([piece.encode() for piece, _, _ in pieces])
    writer.add_token_scores([score for _, score, _ in pieces])
    writer.add_token_types([kind for _, _, kind in pieces])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    weights(writer, len(pieces), np.random.default_rng(seed))
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


def bpe_model(path, name, seed=11):
    """Byte pairs, with merges across the places where a form's line is put together: after the colon, at its end."""
    characters = byte_characters()
    space, line_break = characters[32], characters[10]
    merges = [(space, "-"), (space + "-", line_break), (space, "8"), (space + "8", "0"), ("p", "o"), ("r", "t"),
              ("po", "rt"), ("n", "a"), ("m", "e"), ("na", "me"), ("l", "a"), ("la", "b"), (space, "lab"), ("-", "1")]
    tokens = characters + [left + right for left, right in merges] + ["<|end|>"]
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
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)
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
    # A vocabulary type that is not supported.
    model(folder / "other-vocabulary.gguf", "unigram fixture", vocabulary_model="t5")
    for path in sorted(folder.glob("*.gguf")):
        print(f"{path}  {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
