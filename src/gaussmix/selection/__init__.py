"""Choosing between mixtures: the number of components."""
