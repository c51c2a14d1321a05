"""People: who they are, what they may do at which sites, how they log in."""
