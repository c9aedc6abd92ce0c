"""What a lock moves: programs, a pin, a topic on a broker. None of them can hold it up."""
