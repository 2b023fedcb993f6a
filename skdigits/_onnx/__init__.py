"""Answers without Keras."""
