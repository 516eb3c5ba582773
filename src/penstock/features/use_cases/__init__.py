"""The catalogue of use cases: the features of applications that language models serve."""
