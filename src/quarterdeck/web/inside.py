"""What the deck says in a request that it asks itself: keys of the ASGI scope, which no request from outside can set."""

INSIDE = "quarterdeck.inside"  # who asks
FACTS = "quarterdeck.facts"  # the snapshot that is meant where the address wishes for none
KEEP = "quarterdeck.keep"  # the page is made anew and kept for readers
