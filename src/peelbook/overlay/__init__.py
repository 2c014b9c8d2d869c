"""How a user's own rows are laid over a table of the book, and how small numbers among them are hidden."""
