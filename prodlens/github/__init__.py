"""How GitHub is asked: one client, its answers and its errors."""
