"""The controller: holds order and inventory state, and speaks to the boxes."""
