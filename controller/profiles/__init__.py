"""Station profiles: what the stations of a site offer and ask for, under a name; boxes get them with the replica."""
