"""The story of `penstock demo --story`: a change of a prompt that fails, and one that succeeds."""
