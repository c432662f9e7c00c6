"""The sentence model is the reviewed one, gives the vectors it gave, and needs no network."""

import json
from pathlib import Path

import numpy as np
import pytest

from intelligence import embeddings
from intelligence.embeddings import DIMENSIONS, ModelDamagedError, SentenceModel, sentence_model

GOLDEN = json.loads((Path(__file__).parent / "golden_vector.json").read_text())


@pytest.fixture
def model() -> SentenceModel:
    found = sentence_model()
    if found is None:
        pytest.skip(embeddings.MISSING)
    return found


def test_a_text_has_the_vector_it_had(model: SentenceModel) -> None:
    golden = np.array(GOLDEN["vector"])

    (vector,) = model.vectors([GOLDEN["text"]])

    assert vector @ golden / np.linalg.norm(golden) >= 0.999


def test_vectors_have_length_one_and_order_by_meaning(model: SentenceModel) -> None:
    town, city, price = model.vectors(["town of the buyer", "customer's city", "unit price"])

    assert np.linalg.norm(town) == pytest.approx(1, abs=1e-5)
    assert town @ city > town @ price


def test_no_text_has_no_vector(model: SentenceModel) -> None:
    assert model.vectors([]).shape == (0, DIMENSIONS)


def test_a_model_with_another_checksum_is_not_loaded(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    other = tmp_path / "model.onnx"
    other.write_bytes(b"not the model")

    with pytest.raises(ModelDamagedError, match="another checksum"):
        SentenceModel(other, tmp_path / "tokenizer.json")
