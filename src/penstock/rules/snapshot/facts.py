"""`facts/<vendor>`: the facts of the models of a vendor."""

from typing import Final

from penstock.rules.models.facts import FactsList, VendorFacts
from penstock.rules.snapshot.section import SectionKind

MODEL_FACTS: Final = SectionKind("facts", VendorFacts, FactsList, FactsList, shared=True)
