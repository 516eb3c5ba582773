"""Annotation: labels of annotators, which become scores, examples and calibration."""
