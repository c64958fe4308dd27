"""Router's pure rooms: values in, decisions out. No clock, no database, no bus."""
