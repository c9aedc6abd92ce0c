"""What wears a bridge down: damaged streams, boards that come and go, clocks that are wrong; and what must hold."""
