"""What evaluation runs say: reports of one, comparisons of several."""
