// The key that this board shares with its host. There is none in this sketch, and nothing is sealed: to have one, write
// the sketch with `pulsekey firmware --write DIR --key`.
#ifndef PULSEKEY_KEY_H
#define PULSEKEY_KEY_H

#include <stdint.h>

const uint8_t* const BOARD_KEY = nullptr;

#endif
