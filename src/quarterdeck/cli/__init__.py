"""The command line: parse, call one function, present. Modules here import nothing heavy at their top."""
