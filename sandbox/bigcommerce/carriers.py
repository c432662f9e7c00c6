"""Who carries parcels, what they are called, and where a tracking number leads."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from sandbox.bigcommerce.aftersales import Shipment

PROVIDERS: Mapping[str, str] = {
    "": "",
    "auspost": "Australia Post",
    "canadapost": "Canada Post",
    "endicia": "Endicia",
    "fedex": "FedEx",
    "royalmail": "Royal Mail",
    "shipperhq": "ShipperHQ",
    "ups": "UPS",
    "upsonline": "UPS Online",
    "upsready": "UPS Ready",
    "usps": "USPS",
}
"""Values of `shipping_provider` with their display names; further ones are `carrier_{id}`."""
CUSTOM = "custom"
"""What is shown where `shipping_provider` was left out, as observed."""
CARRIERS = frozenset({
    "an-post", "auspost", "bpost", "canada-post", "colissimo", "correos-spain", "dhl",
    "dhl-germany", "dpd", "dpd-uk", "evri", "fedex", "gls", "interlink-express", "myhermes-uk",
    "parcel-force", "postnl", "purolator", "royal-mail", "tnt", "tnt-uk", "tuffnells", "uk-mail",
    "ups", "usps", "yodel",
})  # fmt: skip
"""Some of the courier slugs that `tracking_carrier` takes."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OWN_CARRIER = re.compile(r"carrier_\w{1,60}")


def is_provider(text: str) -> bool:
    """Whether the store takes it as a `shipping_provider`."""
    return text in PROVIDERS or _OWN_CARRIER.fullmatch(text) is not None


def is_carrier(text: str, *, known_only: bool) -> bool:
    """Whether the store takes it as a `tracking_carrier`."""
    return not text or text in CARRIERS or (not known_only and _SLUG.fullmatch(text) is not None)


def provider_name(provider: str) -> str:
    """For people."""
    return PROVIDERS.get(provider, "Custom" if provider == CUSTOM else provider)


def generated_link(shipment: Shipment, *, by_carrier: bool) -> str:
    """From the number and the provider or carrier; none beside a link of the merchant's own."""
    number = shipment.tracking_number
    if not number or shipment.tracking_link:
        return ""
    provider = shipment.shipping_provider
    if provider is None and not by_carrier:
        return ""
    if provider in PROVIDERS and provider:
        return f"https://tracking.example.com/{provider}/{quote(number, safe='')}"
    courier = shipment.tracking_carrier or provider
    if not courier:
        return ""
    return f"https://www.aftership.com/track/{courier}/{quote(number, safe='')}"
