"""Images of products, by the address that a custom field of Brightpearl holds.

BigCommerce fetches an image itself, so that an address is only handed over where it is public: a
web address of a host by name, or of a global IP address. The name is not resolved here, because
what it resolves to for us says nothing about what it does for the store.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.errors import CausewayError, NotFoundError, RejectedError
from core.refusals import Refusal, release_remedy
from tasks.reconciler.agreed import Agreed, fingerprint
from tasks.reconciler.cases import Decisions, digest, review
from tasks.reconciler.operations import BigCommerceWrite, Operation, PlanT, Progress, Write
from tasks.reconciler.run import Run

INTERNAL = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
)
"""Last parts of the names that only exist within a network."""
CLASS = "image"


Change = tuple[Sequence[Operation[Any]], Sequence[Refusal]]
"""What changes an image, and why a person is asked about it."""


class AgreedImage(Agreed):
    """The image of a product as it was when both sides last agreed."""

    image: str = ""
    """What the image that BigCommerce was last given is known by."""
    image_id: str = ""
    """The store's image that came from Brightpearl."""
    is_image_missing: bool = False
    """Whether BigCommerce could not fetch the image."""


def change_image(
    key: str, url: str, agreed: AgreedImage, hosts: Sequence[str], decisions: Decisions
) -> Change:
    """What gives a product the image of another address; the store's own images stay. Pure.

    In: the record's key; as of `problem_of`.
    """
    if url and (problem := problem_of(url, hosts)):
        return (), [_refused(key, url, problem)]
    if _image_hash(url) == agreed.image:
        case = _failed(url)
        if not agreed.is_image_missing:
            return (), ()
        if not decisions.approves(key, case):
            return (), decisions.undecided(key, [case])
    create = [CreateImage(url, agreed.image_id)] if url else []
    delete = [DeleteImage(agreed.image_id)] if agreed.image_id else []
    return [*create, *delete], ()


def _image_hash(url: str) -> str:
    """What an image is known by: its address, since whoever changes an image changes that."""
    return fingerprint([url]) if url else ""


def problem_of(url: str, hosts: Sequence[str] = ()) -> str:
    """Why an address is not handed to BigCommerce; "" where it is. Pure.

    In: `hosts` that are taken with all hosts below them, where only some are.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").casefold()
        _ = parts.port
    except ValueError:
        return "it is no web address"
    if parts.scheme not in {"http", "https"} or not host or any(map(str.isspace, url)):
        return "it is no web address that starts with http:// or https://"
    if parts.username is not None or parts.password is not None:
        return "it contains a user name or a password"
    if _is_internal(host):
        return "its host is not public"
    if hosts and not any(host == one or host.endswith(f".{one}") for one in hosts):
        return "its host is not among those of CAUSEWAY_PRODUCTS__IMAGE_HOSTS"
    return ""


def _is_internal(host: str) -> bool:
    """Whether a host is one of a network of somebody's own, as far as its name says."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        labels = host.split(".")
        # 127.1, 2130706433 and 0x7f.1 are addresses as well, to what resolves names.
        is_number = labels[-1].isdigit() or labels[-1].startswith("0x")
        return is_number or len(labels) == 1 or labels[-1] in INTERNAL
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return not (inner or address).is_global or address.is_multicast


def _refused(key: str, url: str, problem: str) -> Refusal:
    """The case of an address that is not handed over; the rest of the product is synced."""
    remedy = release_remedy(
        "Correct the address of the image in Brightpearl", CLASS, value=digest(url), key=key
    )
    reason = f"BigCommerce is not given the address of the image: {problem}"
    return Refusal(CLASS, "image", digest(url), reason, remedy)


def _failed(url: str, reason: str = "") -> Refusal:
    """The case of an image that BigCommerce could not fetch; approved, it is fetched again."""
    said = f" ({reason.rstrip('.')})" if reason else ""
    return review(
        CLASS,
        digest(url),
        f"BigCommerce could not fetch the image{said}: correct its address in Brightpearl, or see "
        "that it answers",
        {"image": "is fetched again"},
    )


@dataclass(kw_only=True)
class ImageProgress(Progress[PlanT]):
    """A product of the store on its way; what CreateImage and DeleteImage need of a record."""

    image_id: str | None = ""
    """The image that was made; None where BigCommerce could not fetch it."""
    shown: dict[str, Any] = field(default_factory=dict)
    """What is kept of what the store shows, by the fields of what both sides agree on."""

    @property
    def product_id(self) -> str:
        """The store's product."""
        return self.plan.key


@dataclass(frozen=True)
class CreateImage(Operation[Any]):
    """The image of a product, which BigCommerce fetches; it is shown first."""

    url: str
    known_id: str
    """The image that it replaces."""
    kind = "set image"

    def write(self, _run: Run, record: ImageProgress[Any]) -> Write:
        body = {"image_url": self.url, "is_thumbnail": True}
        product_id = record.product_id
        return BigCommerceWrite(
            natural_key=f"{product_id}:{_image_hash(self.url)}",
            is_repeatable=False,
            send=lambda store: store.create_image(product_id, body),
        )

    def find(self, run: Run, record: ImageProgress[Any]) -> str | None:
        stem = urlsplit(self.url).path.rpartition("/")[2].rpartition(".")[0]
        found = run.bigcommerce.list_images(record.product_id)
        same = [number for number, file in found.items() if stem and stem in file]
        return next((one for one in same if one != self.known_id), None)

    def absorb(
        self, run: Run, record: ImageProgress[Any], error: CausewayError
    ) -> CausewayError | None:
        if not isinstance(error, RejectedError) or isinstance(error, NotFoundError):
            return super().absorb(run, record, error)
        record.refusals.append(_failed(self.url, error.message))
        return None

    def apply(self, record: ImageProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.image_id = None if answer is None else str(answer)
        record.shown |= {
            "image": _image_hash(self.url),
            "image_id": self.known_id if answer is None else str(answer),
            "is_image_missing": answer is None,
        }


@dataclass(frozen=True)
class DeleteImage(Operation[Any]):
    """The image that was there before, where it came from Brightpearl."""

    image_id: str
    kind = "delete image"
    is_done_when_gone = True

    def write(self, _run: Run, record: ImageProgress[Any]) -> Write | None:
        if record.image_id is None:  # the new one could not be fetched
            return None
        product_id = record.product_id
        return BigCommerceWrite(
            natural_key=f"{product_id}:{self.image_id}",
            send=lambda store: store.delete_image(product_id, self.image_id),
        )

    def apply(self, record: ImageProgress[Any], _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if not record.image_id:
            record.shown |= {"image": "", "image_id": ""}
