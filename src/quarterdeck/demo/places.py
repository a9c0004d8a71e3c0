"""Countries, areas, vendors and other invented names of the demo. Weights and speeds are of the order that public figures give.

Start-up: 31 weeks on average, 11 % of sites never activated (Tufts CSDD 2018); screen failure, discontinuation and
deviation rates vary by area. Names of people, products and companies are invented.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """Weight in site selection, mean days from protocol approval to regulatory approval, recruitment factor, currency of site grants."""

    code: str
    weight: float
    approval_days: int
    rate: float
    currency: str


COUNTRIES = (
    Country("GB", 10, 75, 0.9, "GBP"),
    Country("US", 16, 45, 0.9, "USD"),
    Country("DE", 8, 95, 0.9, "EUR"),
    Country("FR", 7, 95, 0.9, "EUR"),
    Country("ES", 8, 95, 1.15, "EUR"),
    Country("IT", 7, 100, 1.0, "EUR"),
    Country("PL", 7, 95, 1.35, "EUR"),
    Country("CZ", 4, 95, 1.2, "EUR"),
    Country("HU", 4, 95, 1.2, "EUR"),
    Country("RO", 3, 100, 1.3, "EUR"),
    Country("BG", 2, 100, 1.3, "EUR"),
    Country("NL", 4, 95, 0.8, "EUR"),
    Country("BE", 4, 90, 0.9, "EUR"),
    Country("DK", 2, 90, 0.9, "EUR"),
    Country("SE", 2, 95, 0.8, "EUR"),
    Country("AT", 2, 95, 0.9, "EUR"),
    Country("PT", 2, 100, 1.0, "EUR"),
    Country("GR", 2, 105, 1.1, "EUR"),
    Country("CA", 4, 50, 0.9, "USD"),
    Country("AU", 4, 40, 1.0, "USD"),
    Country("JP", 3, 60, 0.6, "USD"),
    Country("KR", 3, 60, 1.2, "USD"),
    Country("BR", 3, 160, 1.4, "USD"),
    Country("ZA", 2, 150, 1.3, "USD"),
    Country("IN", 2, 130, 1.5, "USD"),
)
COUNTRY = {country.code: country for country in COUNTRIES}


@dataclass(frozen=True, slots=True)
class Area:
    """A therapeutic area: indications, screen failure share, share leaving early, adverse events and deviations per participant-month."""

    name: str
    indications: tuple[str, ...]
    screen_failure: float
    leaving: float
    event_rate: float
    deviation_rate: float


AREAS = (
    Area("Oncology", ("Non-small cell lung cancer", "Metastatic breast cancer", "Multiple myeloma"), 0.28, 0.18, 0.55, 0.10),
    Area("Respiratory", ("Severe asthma", "Chronic obstructive pulmonary disease"), 0.32, 0.10, 0.22, 0.07),
    Area("Cardiology", ("Heart failure", "Atrial fibrillation"), 0.22, 0.08, 0.20, 0.06),
    Area("Neurology", ("Relapsing multiple sclerosis", "Migraine", "Early Alzheimer disease"), 0.35, 0.12, 0.25, 0.08),
    Area("Immunology", ("Plaque psoriasis", "Ulcerative colitis", "Rheumatoid arthritis"), 0.27, 0.11, 0.24, 0.07),
    Area("Endocrinology", ("Type 2 diabetes", "Obesity"), 0.25, 0.09, 0.20, 0.05),
    Area("Infectious disease", ("Chronic hepatitis B", "Respiratory syncytial virus"), 0.18, 0.06, 0.15, 0.05),
    Area("Rare disease", ("Cystic fibrosis", "Haemophilia A"), 0.15, 0.07, 0.26, 0.08),
)


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """A vendor with its true quality: added start-up days, factor on data lags, share of monthly units, change orders a year."""

    id: str
    name: str
    kind: str
    country: str
    currency: str
    preferred: bool
    startup_days: float = 0.0
    lag_factor: float = 1.0
    monthly_share: float = 0.55
    change_orders: float = 1.0
    preventable: float = 0.12


# V03 is the planted vendor that slips and earns from delay.
VENDORS = (
    VendorProfile("V01", "Northgate Clinical Research", "cro", "GB", "GBP", True, -6, 0.9, 0.52, 0.8),
    VendorProfile("V02", "Aldermoor Trials", "cro", "US", "USD", True, 2, 1.0, 0.56, 1.0),
    VendorProfile("V03", "Meridian Straits CRO", "cro", "US", "USD", False, 48, 1.7, 0.72, 2.6, 0.45),
    VendorProfile("V04", "Osterfeld Klinische Forschung", "cro", "DE", "EUR", True, 0, 0.95, 0.55, 0.9),
    VendorProfile("V05", "Copperfield FSP", "fsp", "GB", "GBP", False, 4, 1.1, 0.60, 1.1),
    VendorProfile("V06", "Harrow Central Laboratory", "lab", "GB", "GBP", True),
    VendorProfile("V07", "Luminar Imaging Core", "imaging", "US", "USD", False),
    VendorProfile("V08", "Pennant IRT and eCOA", "irt", "IE", "EUR", True),
    VendorProfile("V09", "Waypoint Logistics", "logistics", "NL", "EUR", False),
)
VENDOR = {vendor.id: vendor for vendor in VENDORS}
CROS = tuple(vendor for vendor in VENDORS if vendor.kind in ("cro", "fsp"))

BUDGET_RATE = {"GBP": 1.0, "EUR": 0.86, "USD": 0.79}  # pounds for one unit
PRODUCTS = ("QDX-101", "QDX-204", "QDX-317", "QDX-422", "QDX-550", "QDX-608")
