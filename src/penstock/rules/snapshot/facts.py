"""`facts/<vendor>`: the facts of the models of a vendor."""

from typing import Final

from penstock.rules.model_facts import FactsList, VendorFacts
from penstock.rules.snapshot.section import SectionKind

MODEL_FACTS: Final = SectionKind("facts", VendorFacts, FactsList, FactsList, shared=True)
