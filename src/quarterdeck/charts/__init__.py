"""One module per chart form: a value object in, a Vega-Lite specification out; pages, papers and slides draw the same object."""
