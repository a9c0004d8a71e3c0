"""`python -m quarterdeck`: the same as the command `quarterdeck`, where scripts are not on the path."""

from quarterdeck.cli.main import main

main()
