"""The web application: parse, call one function, present. How to add a page: README.md in this folder."""
