"""Where runs live. `base.py` is the contract, `select.py` decides, the others implement it."""
