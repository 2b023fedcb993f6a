"""Packages whose public names are loaded on first use (:pep:`562`)."""

import sys
from importlib import import_module


def attach(package, homes):
    """Make the functions that a package needs to load its names on first use.

    Parameters
    ----------
    package : str
        Its name.
    homes : dict of str
        For each public name the module, relative to the package, that defines it; a module that is
        public itself is its own home.

    Returns
    -------
    __getattr__, __dir__ : callable
        To define in the package.
    """

    def load(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = import_module(f"{package}.{homes[name]}")
        if homes[name] != name:
            value = getattr(value, name)
        setattr(sys.modules[package], name, value)
        return value

    def names():
        return sorted({*vars(sys.modules[package]), *homes})

    return load, names
