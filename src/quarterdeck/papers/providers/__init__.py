"""The providers of facts: one class per kind of fact. A new room plugs in with one row in `findings.ROOMS` or one class here."""
