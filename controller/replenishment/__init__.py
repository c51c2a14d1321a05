"""Replenishment: what will be asked for, when to order how much, who gives what to whom; people, or a rule of theirs, decide."""
