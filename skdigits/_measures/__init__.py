"""Arithmetic of labels and probabilities."""
