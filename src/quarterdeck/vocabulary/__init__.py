"""Frozen values of the trade, the error family, and the wording of numbers: the words every other room speaks.

Standard library only. Import from the modules (`from quarterdeck.vocabulary.reading import Reading`).
"""
