"""`shelfwire-agent devices`: looking at devices, trying them, recording them; in the agent if it runs, else without it."""
