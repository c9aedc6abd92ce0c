"""The small model on a microcontroller: proved in TFLite Micro, and written as C++."""
