"""Choosing between mixtures: information criteria, and the number of components."""
