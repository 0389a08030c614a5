"""Measurements beside other packages: nothing here is imported by the package or by its tests."""
