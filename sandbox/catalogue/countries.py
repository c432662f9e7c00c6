"""Realistic, deterministic people and addresses, by country."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from zlib import crc32

from sandbox.catalogue.model import Address


@dataclass(frozen=True, slots=True)
class Country:
    """What its addresses are made of. `places` are (city, region, postcode)."""

    name: str
    iso2: str
    dialling: str
    places: Sequence[tuple[str, str, str]]
    streets: Sequence[str]
    first_names: Sequence[str] = ("Alex", "Maria", "Anna", "Peter", "Eva", "Martin", "Julia")
    last_names: Sequence[str] = ("Martin", "Novak", "Meyer", "Silva", "Rossi", "Berg", "Costa")


UK = Country(
    "United Kingdom",
    "GB",
    "+44 20 7946",
    (
        ("London", "Greater London", "SW1A 2AB"),
        ("London", "Greater London", "E8 3RL"),
        ("Bristol", "Bristol", "BS1 4ST"),
        ("Leeds", "West Yorkshire", "LS6 2AB"),
        ("Manchester", "Greater Manchester", "M4 1HQ"),
        ("Norwich", "Norfolk", "NR2 1TF"),
        ("Edinburgh", "Midlothian", "EH3 9QG"),
        ("Glasgow", "Lanarkshire", "G12 8QQ"),
        ("Cardiff", "South Glamorgan", "CF10 3AT"),
        ("Belfast", "County Antrim", "BT7 1NN"),
        ("Bath", "Somerset", "BA1 5AN"),
        ("Truro", "Cornwall", "TR1 2HX"),
        ("York", "North Yorkshire", "YO1 7HH"),
        ("Brighton", "East Sussex", "BN1 4GW"),
    ),
    ("High Street", "Church Lane", "Station Road", "Mill Road", "Victoria Terrace", "The Green"),
    ("Olivia", "Amelia", "Harriet", "Siân", "Zoë", "George", "Arthur", "Mohammed", "Callum"),
    ("Smith", "O'Brien", "Patel", "Jones", "Clarke-Webb", "Campbell", "Okafor", "Hughes"),
)


def _c(  # noqa: PLR0913, PLR0917 - one row of a table
    name: str, iso2: str, dialling: str, city: str, region: str, code: str, street: str
) -> Country:
    return Country(name, iso2, dialling, ((city, region, code),), (street,))


COUNTRIES: Mapping[str, Country] = {
    "United Kingdom": UK,
    "Germany": Country(
        "Germany",
        "DE",
        "+49 30 2318",
        (("Berlin", "Berlin", "10115"), ("München", "Bayern", "80331")),
        ("Hauptstraße", "Gartenweg"),
        ("Jürgen", "Sabine", "Käthe", "Lukas"),
        ("Müller", "Schäfer", "Weiß", "Schmidt"),
    ),
    "France": Country(
        "France",
        "FR",
        "+33 1 9900",
        (("Paris", "Île-de-France", "75011"), ("Orléans", "Centre-Val de Loire", "45000")),
        ("Rue de l'Église", "Avenue Émile Zola"),
        ("Élodie", "François", "Camille", "Noël"),
        ("Lefèvre", "Dubois", "Moreau", "Rousseau"),
    ),
    "EIRE": Country(
        "Ireland",
        "IE",
        "+353 1 555",
        (("Dublin", "Dublin", "D02 X285"), ("Cork", "Cork", "T12 W8PH")),
        ("O'Connell Street", "Patrick Street"),
        ("Aoife", "Seán", "Niamh", "Pádraig"),
        ("Ó Briain", "Murphy", "Kelly", "Byrne"),
    ),
    "Cyprus": _c("Cyprus", "CY", "+357 22", "Nicosia", "Lefkosia", "1065", "Ledra Street"),
    "Belgium": _c("Belgium", "BE", "+32 2 555", "Gent", "Oost-Vlaanderen", "9000", "Veldstraat"),
    "Italy": _c("Italy", "IT", "+39 06 9926", "Roma", "Lazio", "00184", "Via Cavour"),
    "Denmark": _c("Denmark", "DK", "+45 33", "København", "Hovedstaden", "1050", "Nyhavn"),
    "Spain": _c("Spain", "ES", "+34 91 555", "Málaga", "Málaga", "29001", "Calle Peñón"),
    "Switzerland": _c("Switzerland", "CH", "+41 44 555", "Zürich", "Zürich", "8001", "Augasse"),
    "Norway": _c("Norway", "NO", "+47 22", "Tromsø", "Troms", "9008", "Storgata"),
    "Austria": _c("Austria", "AT", "+43 1 555", "Wien", "Wien", "1010", "Kärntner Straße"),
    "Japan": _c("Japan", "JP", "+81 3 5555", "Tokyo", "Tokyo-to", "100-0005", "Marunouchi"),
    "Australia": _c(
        "Australia", "AU", "+61 2 5550", "Sydney", "New South Wales", "2000", "George Street"
    ),
    "Finland": _c("Finland", "FI", "+358 9 555", "Jyväskylä", "Keski-Suomi", "40100", "Väinönkatu"),
    "Portugal": _c("Portugal", "PT", "+351 21 555", "Lisboa", "Lisboa", "1100-148", "Rua Augusta"),
    "Sweden": _c(
        "Sweden", "SE", "+46 8 555", "Göteborg", "Västra Götaland", "411 03", "Kungsgatan"
    ),
    "Malta": _c("Malta", "MT", "+356 21", "Valletta", "Malta", "VLT 1117", "Republic Street"),
    "Channel Islands": _c(
        "Jersey", "JE", "+44 1534 555", "St Helier", "Jersey", "JE2 3QA", "King Street"
    ),
    "Netherlands": _c(
        "Netherlands", "NL", "+31 20 555", "Amsterdam", "Noord-Holland", "1012 AB", "Damrak"
    ),
    "Czech Republic": _c(
        "Czech Republic", "CZ", "+420 555", "Plzeň", "Plzeňský kraj", "301 00", "Americká"
    ),
    "Poland": _c("Poland", "PL", "+48 22 555", "Łódź", "łódzkie", "90-001", "ul. Piotrkowska"),
    "Hong Kong": _c("Hong Kong", "HK", "+852 5555", "Hong Kong", "Kowloon", "", "Nathan Road"),
    "Greece": _c("Greece", "GR", "+30 21 0555", "Athina", "Attiki", "105 57", "Ermou"),
    "Iceland": _c("Iceland", "IS", "+354 555", "Reykjavík", "", "101", "Laugavegur"),
    "Israel": _c("Israel", "IL", "+972 3 555", "Tel Aviv", "Tel Aviv", "6688113", "Allenby"),
    "Singapore": _c("Singapore", "SG", "+65 6555", "Singapore", "", "018956", "Bayfront Avenue"),
    "Bahrain": _c("Bahrain", "BH", "+973 1755", "Manama", "", "317", "Road 1705"),
    "Lebanon": _c("Lebanon", "LB", "+961 1 555", "Beirut", "", "1107", "Hamra Street"),
    "Lithuania": _c("Lithuania", "LT", "+370 5 555", "Vilnius", "Vilnius", "01103", "Gedimino pr."),
    "United Arab Emirates": _c(
        "United Arab Emirates", "AE", "+971 4 555", "Dubai", "Dubai", "", "Al Wasl Road"
    ),
    "Saudi Arabia": _c("Saudi Arabia", "SA", "+966 11", "Riyadh", "Riyadh", "11564", "Olaya"),
    "Brazil": _c("Brazil", "BR", "+55 11 5555", "São Paulo", "SP", "01310-100", "Av. Paulista"),
    "Canada": _c("Canada", "CA", "+1 514 555", "Montréal", "Quebec", "H2Y 1C6", "Rue Saint-Paul"),
    "USA": _c("United States", "US", "+1 512 555", "Austin", "Texas", "78701", "Congress Avenue"),
    "RSA": _c(
        "South Africa", "ZA", "+27 21 555", "Cape Town", "Western Cape", "8001", "Long Street"
    ),
    # The source names no country here: Brussels for the community, and an address abroad for
    # what is unspecified, as the source charges these invoices like exports.
    "European Community": _c("Belgium", "BE", "+32 2 555", "Bruxelles", "", "1000", "Rue Neuve"),
    "Unspecified": _c(
        "United States", "US", "+1 212 555", "New York", "New York", "10001", "Broadway"
    ),
}
"""By the names of the Online Retail data."""

COMPANIES = ("", "", "", "Bright Ideas Ltd", "The Corner Shop", "Mäkinen & Söhne", "Acme Gifts")


def address_of(person: str, country_name: str) -> Address:
    """The address of a person; always the same for the same arguments.

    Raises: KeyError for a country that `COUNTRIES` lacks.
    """
    country = COUNTRIES[country_name]
    chance = Random(crc32(f"{person}/{country_name}".encode()))  # noqa: S311 - not secret
    city, region, code = chance.choice(country.places)
    return Address(
        first_name=chance.choice(country.first_names),
        last_name=chance.choice(country.last_names),
        company=chance.choice(COMPANIES),
        street_1=f"{chance.randint(1, 180)} {chance.choice(country.streets)}",
        street_2="" if chance.random() < 0.7 else f"Flat {chance.randint(1, 40)}",  # noqa: PLR2004 - most addresses have one line
        city=city,
        state=region,
        zip=code,
        country=country.name,
        country_iso2=country.iso2,
        phone=f"{country.dialling} {chance.randint(100, 999)}",
    )
