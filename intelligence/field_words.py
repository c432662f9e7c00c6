"""The words of a name in English.

Names in German, French, Spanish, Italian, Dutch and Polish are read word by word, abbreviations and
signs as what they stand for, and words that are written together are taken to pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import pairwise

from intelligence.table_files import read_table

LONGEST_PHRASE = 4
"""Words of other languages that are read as one."""
_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[\W_]+")
_SIGNS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), said)
    for pattern, said in (
        (r"(?<=\w)\((?:e|s|es|n|en|in|innen|r|a|o|as|os|i)\)", ""),  # né(e), Kunde(n)
        (r"(?i)\b(?:[jyo]/n|ja/nein|yes/no|oui/non|si/no|ja/nee)\b", " "),
        (r"(?i)\b[dl]['\u2019]", " "),
        (r"(?i)\bn[°º]|№|#", " number "),
        (r"%", " percent "),
    )
]
"""What signs and endings in a name say: a number, a percentage, or nothing."""
_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "œ": "oe", "æ": "ae"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_SHORTENED = """
qty=quantity amt=amount addr=address adr=address desc=description tel=telephone cust=customer
prod=product ref=reference curr=currency pct=percent img=image inv=inventory org=organisation
organization=organisation fulfilment=fulfillment taxvat=tax+vat doc=document
no=number num=number nr=number nbr=number
acct=account cat=category disc=discount whse=warehouse mfr=manufacturer descr=description
qnt=quantity cntry=country dlv=delivery dept=department
mob=mobile ph=phone pcode=postcode pcd=postcode ctry=country cr=credit lim=limit lmt=limit
bal=balance grp=group src=source ttl=title supp=supplier supplr=supplier cd=code acc=account
dt=date wt=weight wgt=weight uom=unit+of+measure stat=status ord=order ln=line itm=item tot=total
val=value prc=price pmt=payment pymt=payment pmnt=payment chg=charge mthd=method meth=method
whs=warehouse loc=location cur=currency ccy=currency xrate=exchange+rate
fname=first+name lname=last+name nm=name surn=last+name dob=date+of+birth
lang=language upd=updated frt=freight carr=carriage vend=vendor
dely=delivery rcvd=received reqd=required subj=subject cmt=comment cmnt=comment
mktg=marketing stk=stock pkg=package hgt=height wdth=width lgth=length
bcode=barcode ctn=carton chnl=channel
"""
_SHORT: Mapping[str, str] = dict(pair.replace("+", " ").split("=") for pair in _SHORTENED.split())
_ARTICLES = frozenset(
    {"de", "del", "della", "di", "da", "des", "du", "la", "le", "les", "el", "los", "las", "il"}
    | {"der", "die", "das", "von", "van", "et", "und", "en", "a", "the", "of", "utc"}
    | {"am", "den", "dem", "fur", "fuer", "mit", "zum", "zur", "voor", "van", "het", "een", "op"}
    | {"au", "aux", "pour", "par", "para", "por", "con", "al", "dei", "dell", "alla"}
)
"""Words that say nothing, unless they are all there is."""
_KINDS_OF_ADDRESS = frozenset({"postal", "mailing", "physical", "home"})
"""Words before *address* that say no more than it does."""
_ENDINGS = ("s", "e", "es", "er", "en")
"""Of plurals, of adjectives, and between words that are written together: Zahlung-s-art."""
SHORTEST_WORD = 3
"""Of words that are written together; shorter ones are found in everything."""
_SHORT_WORDS = frozenset({"id", "nr", "no", "ip", "on", "at", "by", "or", "is"})
"""Shorter words that are written together with others."""


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words of a name, in English: `billTo.addr1` is bill, to, address, 1."""
    for sign, says in _SIGNS:
        text = sign.sub(says, text)
    parts = [part.lower() for part in _SPLIT.split(_unaccented(text)) if part]
    named = [part for part in parts if part not in _ARTICLES] or parts
    words = [word for part in _phrases_in_english(named) for word in _in_english(part)]
    said = [
        word
        for word, following in pairwise([*words, ""])
        if word not in _ARTICLES and not (word in _KINDS_OF_ADDRESS and following == "address")
    ]
    return tuple(said or words)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _phrases_in_english(words: Sequence[str]) -> Sequence[str]:
    """The words, and in English those that mean something else together: raison sociale."""
    phrases, found, place = _foreign_phrases(), [], 0
    while place < len(words):
        for end in range(min(place + LONGEST_PHRASE, len(words)), place, -1):
            english = phrases.get(tuple(words[place:end]))
            if english:
                found += english.split()
                place = end
                break
        else:
            found.append(words[place])
            place += 1
    return found


@cache
def _in_english(word: str) -> Sequence[str]:
    """A word, or those that are written together in it, as the synonyms have them."""
    if word in vocabulary() and word not in _SHORT:
        return (word,)
    parts = (word,) if _meaning(word) or word in _SHORT else _written_together(word)
    return [word for part in parts for word in (_english(part) or part).split()]


def _english(word: str) -> str:
    """A word that was shortened or is of another language; empty where it is English as it is."""
    return _SHORT.get(word) or ("" if word in vocabulary() else _meaning(word))


def _written_together(word: str, most: int = 3) -> Sequence[str]:
    """The fewest known words that make up a word, the first as long as can be; else the word."""
    for count in range(2, most + 1):
        for cut in range(len(word) - 2, 1, -1):
            first, rest = word[:cut], word[cut:]
            if not _is_known(first):
                continue
            if count > 2:  # noqa: PLR2004 - more than the last two
                parts = _written_together(rest, count - 1)
                if len(parts) == count - 1:
                    return (first, *parts)
            elif _is_known(rest):
                return (first, rest)
    return (word,)


def _is_known(word: str) -> bool:
    if len(word) < SHORTEST_WORD:
        return word in _SHORT_WORDS
    return word in vocabulary() or word in _SHORT or bool(_meaning(word))


@cache
def vocabulary() -> AbstractSet[str]:
    """Every word of the synonyms and contexts."""
    phrases = [row["phrases"] for row in read_table("mapping_synonyms")]
    phrases += [row["words"] for row in read_table("mapping_contexts")]
    return frozenset(word for one in phrases for word in one.replace("|", " ").split())


def _meaning(word: str) -> str:
    """A word of another language in English, also as an adjective; empty if unknown."""
    foreign = _foreign_words()
    stems = [word.removesuffix(ending) for ending in _ENDINGS]
    return next(
        (foreign[stem] for stem in [word, *stems] if stem in foreign and len(stem) > SHORTEST_WORD),
        foreign.get(word, ""),
    )


@cache
def _foreign_words() -> Mapping[str, str]:
    words = {row["word"]: row["english"] for row in read_table("field_words")}
    spelt_out = {word.translate(_UMLAUTS): english for word, english in words.items()}
    return {_unaccented(word): english for word, english in (words | spelt_out).items()}


@cache
def _foreign_phrases() -> Mapping[tuple[str, ...], str]:
    words = {
        tuple(one for one in word.split() if one not in _ARTICLES): english
        for word, english in _foreign_words().items()
        if " " in word
    }
    return {word: english for word, english in words.items() if len(word) > 1}
