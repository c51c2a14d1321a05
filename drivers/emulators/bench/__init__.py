"""The bench: a box's devices as emulators in processes of their own, and a page to play with them."""
