"""The mathematics of EM on Gaussian mixtures, in NumPy alone.

`core` holds the data structures that everything else passes around: rows in working coordinates, the
density handed to an E-step, the additive statistics that come back, and the loop between them.
"""
