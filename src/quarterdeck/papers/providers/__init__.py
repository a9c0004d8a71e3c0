"""The providers of facts: one class per kind of fact. A new room plugs in with one row in `quarterdeck.matters` or one class here."""
