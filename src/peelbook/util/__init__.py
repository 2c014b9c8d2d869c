"""What any part of the package may use: writing files, folders for output, locks, text for spreadsheets."""
