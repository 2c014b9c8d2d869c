"""One module per publication, named by the table it makes; the registry finds them by being here."""
