"""All tables of the record, one module per room. Importing this package registers every table with `Base`."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
