"""`python -m glidepath`: the command."""

from glidepath.cli.main import main

if __name__ == "__main__":
    main()
