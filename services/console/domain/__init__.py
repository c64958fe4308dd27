"""What a directory file may say, row by row, and when a contact counts as verified: pure, without a database."""
