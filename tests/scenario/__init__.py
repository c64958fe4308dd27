"""Stories: whole journeys through every room."""
