"""What holds over every database and every transport: the same tests on each."""
