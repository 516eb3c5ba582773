"""Values of annotation, and what it needs of other verticals."""
