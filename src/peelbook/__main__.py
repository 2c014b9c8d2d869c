"""`python -m peelbook`, for machines where the `peelbook` command is not on the path."""

from peelbook.cli import main

if __name__ == "__main__":
    main()
