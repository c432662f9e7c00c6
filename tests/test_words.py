"""Names, messages and docs use the field's terms: words that only we understood stay out.

Each pattern names what to say instead. `docs/glossary.md` defines the terms that are used.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = {".md", ".yaml", ".yml", ".toml", ".csv", ".sh", ".in", ".example", ".mako", ".txt"}
EXTRA = ("Makefile", ".ci/run", "docker/Dockerfile")
"""Texts without such a suffix."""
GENERATED = {"var", "build", "causeway.egg-info"}
WORDS_OF_OTHERS = {
    Path("intelligence/tables/places.csv"),
    Path("intelligence/tables/mapping_synonyms.csv"),
}
"""Names of towns, many of which have a lane or a house in them, and of other systems' fields."""

PRIVATE = {
    r"told|tell(s|ing)?": "say, report, know; write back to BigCommerce",
    r"scenes?|glimpses?": "snapshot, context, state",
    r"look(s|ed|ing)?(?!(s|ed|ing)?[ -](\w+ ){0,2}ups?\b)": "read, check, search, compare",
    r"calm(s|ed)?": "quiet, debounce",
    r"let(s|ting)? go": "release",
    r"call(s|ed|ing)? off": "cancel",
    r"hears?|heard": "received, notified",
    r"houses?": "environment",
    r"rooms?": "folder, capacity, what is left",
    r"words? back|person'?s word": "write-back; approval",
    r"strangers?": "not ours, unrecognised",
    r"standings?": "state",
    r"asides?": "skipped",
    r"obstacles?": "refusal, reason",
    r"patient(ly)?": "with retries",
    r"spoken|speaks?|speaking": "say, describe",
    r"apart": "separate, different; subprocess",
    r"happenings?": "event",
    r"beside": "with, during, at the same time as",
    r"noted": "reported, recorded",
    r"crosswalks?": "links",
    r"lanes?": "priority",
    r"c[ao]mes? to grief|nobody at home|in company": "fails; not found; during other work",
}
"""What may not stand in a name, a message, a comment or a page, by what to say instead."""

PRIVATE_NAMES = {
    r"there|theirs": "actual",
}
"""What is plain English in a sentence, but does not name anything."""

OLD_SETTING = "the old name of a setting, which still works"
OLD_FIELD = "the name under which links of earlier versions keep it"
OLD_TABLE = "a name that tables had in earlier versions"
OLD_DOCUMENT = "a name in documents of earlier versions"
EXEMPT = {
    ("CHANGELOG.md", "apart"): OLD_DOCUMENT,
    ("CHANGELOG.md", "aside"): OLD_DOCUMENT,
    ("CHANGELOG.md", "called off"): OLD_DOCUMENT,
    ("CHANGELOG.md", "crosswalk"): OLD_TABLE,
    ("CHANGELOG.md", "lane"): OLD_TABLE,
    ("CHANGELOG.md", "looks"): OLD_DOCUMENT,
    ("CHANGELOG.md", "tell"): OLD_DOCUMENT,
    ("CHANGELOG.md", "told"): OLD_DOCUMENT,
    ("core/settings.py", "calm"): OLD_SETTING,
    ("core/settings.py", "look"): OLD_SETTING,
    ("docs/settings.md", "calm"): OLD_SETTING,
    ("docs/settings.md", "look"): OLD_SETTING,
    ("tests/core/test_settings.py", "calm"): OLD_SETTING,
    ("tests/core/test_settings.py", "look"): OLD_SETTING,
    ("bench/registry.py", "lane"): "the old name of a benchmark, which still works",
    ("docs/performance.md", "lane"): "the old name of a benchmark, which still works",
    ("tests/bench/test_registry.py", "lane"): "the old name of a benchmark, which still works",
    ("sandbox/catalogue/countries.py", "lane"): "a street",
    ("sandbox/catalogue/generated.py", "lane"): "a street",
    ("store/migrations/versions/0001_the_first_tables.py", "crosswalk"): OLD_TABLE,
    ("store/migrations/versions/0001_the_first_tables.py", "lane"): OLD_TABLE,
    ("store/migrations/versions/0003_conditions.py", "crosswalk"): OLD_TABLE,
    ("store/migrations/versions/0003_conditions.py", "lane"): OLD_TABLE,
    ("tests/store/test_migrations.py", "crosswalk"): OLD_TABLE,
    ("tests/store/test_migrations.py", "lane"): OLD_TABLE,
    ("tasks/brightpearl/sales_orders.py", "noted"): OLD_FIELD,
    ("tasks/refunds/matching.py", "beside"): OLD_FIELD,
    ("tasks/shipments/frames.py", "told"): OLD_FIELD,
    ("tasks/stock/frames.py", "told"): OLD_FIELD,
    ("tests/tasks/refunds/test_refund_matching.py", "beside"): OLD_FIELD,
    ("tests/tasks/shipments/test_shipment_plan.py", "told"): OLD_FIELD,
    ("tests/tasks/stock/test_stock_plan.py", "told"): OLD_FIELD,
    ("tasks/reconciler/agreed.py", "theirs"): "the usual name of a side in a three-way merge",
}
"""Hits that stay: (file, word) and why."""

SENTENCE = re.compile(rf"(?<!\w)({'|'.join(PRIVATE)})(?![\w])", re.IGNORECASE)
NAME = re.compile(rf"(?<!\w)({'|'.join([*PRIVATE, *PRIVATE_NAMES])})(?!\w)", re.IGNORECASE)
SEPARATE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")
"""Where the words of a name in snake_case or CamelCase part."""


@dataclass(frozen=True)
class Hit:
    """A private word, and where it was found."""

    path: str
    line: int
    word: str
    text: str

    def __str__(self) -> str:
        better = next(
            better
            for pattern, better in {**PRIVATE, **PRIVATE_NAMES}.items()
            if re.match(pattern, self.word)
        )
        return f"{self.path}:{self.line}: {self.word} ({better}): {self.text.strip()}"


def files() -> Iterator[Path]:
    """Every file of ours that people read."""
    yield from (ROOT / name for name in EXTRA)
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") or top.name in GENERATED:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path == Path(__file__) or path.relative_to(ROOT) in WORDS_OF_OTHERS:
                continue
            if path.suffix in {".py", *TEXTS}:
                yield path


def hits(path: Path) -> Iterator[Hit]:
    """The private words of one file, by line."""
    name = path.relative_to(ROOT).as_posix()
    yield from (Hit(name, 0, word, "the file's name") for word in in_name(path.stem))
    read = in_python if path.suffix == ".py" else in_text
    for line, word, text in read(path.read_text("utf-8")):
        yield Hit(name, line, word, text)


def in_text(text: str, first: int = 1) -> Iterator[tuple[int, str, str]]:
    """Private words of sentences: line, word, the line's text."""
    for number, line in enumerate(text.splitlines(), first):
        for word in in_sentence(line):
            yield number, word, line


def in_python(text: str) -> Iterator[tuple[int, str, str]]:
    """The same of names, strings and comments of a module."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        line = token.start[0]
        if token.type == tokenize.NAME:
            is_sentence = token.string.startswith("test_")
            found = in_sentence(token.string) if is_sentence else in_name(token.string)
            yield from ((line, word, token.string) for word in found)
        elif token.type not in {tokenize.OP, tokenize.NUMBER}:
            yield from in_text(token.string, line)


def in_sentence(text: str) -> list[str]:
    """Private words of a sentence. A name in it counts by its words."""
    return [found[0].lower() for found in SENTENCE.finditer(SEPARATE.sub(" ", text))]


def in_name(text: str) -> list[str]:
    """Private words of a name."""
    return [found[0].lower() for found in NAME.finditer(SEPARATE.sub(" ", text))]


@pytest.fixture(scope="module")
def found():
    return [hit for path in files() for hit in hits(path)]


def test_names_messages_and_docs_have_no_private_word(found):
    left = [str(hit) for hit in found if (hit.path, hit.word) not in EXEMPT]
    assert not left, "\n".join([f"{len(left)} private words:", *left])


def test_every_exemption_is_still_needed(found):
    assert EXEMPT.keys() <= {(hit.path, hit.word) for hit in found}


@pytest.mark.parametrize(
    "text",
    [
        "The store is told so.",
        "each heard",
        "look_at_stock",
        "CALM_S",
        "PriorityLane",
        "Let go of it",
    ],
)
def test_a_private_word_is_found_in_sentences_and_names(text):
    assert in_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "A warehouse is looked up in a lookup table.",
        "two look-ups of an order",
        "Let it go on.",
        "find_or_look_up",
        "outstanding, understanding, houseboat, broom, calmly",
    ],
)
def test_words_of_the_field_are_not_mistaken_for_private_ones(text):
    assert not in_sentence(text)
    assert not in_name(text)


def test_a_hit_names_its_place_and_what_to_say_instead():
    (hit,) = [Hit("a.py", *found) for found in in_python("# one\nis_told = 1\n")]
    assert str(hit).startswith("a.py:2: told (say, report, ")


def test_what_is_plain_english_in_a_sentence_is_private_as_a_name():
    assert in_name("there_before")
    assert not in_sentence("There is one.")
