// board SECONDS [swapped] [key=HEX] [WHAT@SECOND=VALUE ...]: the firmware's core in simulated time, its UART on stdout.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "app.hpp"
#include "world.hpp"

struct Disturbance {
    std::string what, value;
    double at_s;
};

static void apply(World& world, const Disturbance& disturbance) {
    const std::string& what = disturbance.what;
    const double value = strtod(disturbance.value.c_str(), nullptr);
    const uint64_t value_us = static_cast<uint64_t>(value * 1e6);
    if (what == "nack") world.nacks = static_cast<int>(value);
    else if (what == "cut") world.cuts = static_cast<int>(value);
    else if (what == "held") world.held = true;
    else if (what == "stuck") world.stuck_until_us = world.time_us() + value_us;
    else if (what == "dark") world.dark_until_us = world.time_us() + value_us;
    else if (what == "glitch") world.sensor.lose_power();
    else if (what == "stall") world.pass(value_us);
    else if (what == "part") world.sensor.part_id = static_cast<uint8_t>(value);
    else if (what == "rate") world.sensor.highest_rate = static_cast<uint8_t>(value);
    else if (what == "deaf") world.sensor.deaf = value != 0.0;
    else if (what == "period") world.sensor.period_us = value;
    else if (what == "clock") world.clock_offset_us = static_cast<uint32_t>(value);
    else if (what == "ir") world.sensor.ir_per_step = static_cast<uint32_t>(value);
    else if (what == "red") world.sensor.red_per_step = static_cast<uint32_t>(value);
    else if (what == "bytes") {
        for (size_t i = 0; i + 1 < disturbance.value.size(); i += 2) {
            const std::string byte = disturbance.value.substr(i, 2);
            world.commands.push_back(static_cast<uint8_t>(strtoul(byte.c_str(), nullptr, 16)));
        }
    } else {
        fprintf(stderr, "no disturbance %s\n", what.c_str());
        exit(2);
    }
}

int main(int count, char** words) {
    if (count < 2) return 2;
    World world;
    std::vector<Disturbance> disturbances;
    bool swapped = false;
    uint8_t key[PULSEKEY_KEY_BYTES];
    bool keyed = false;
    for (int i = 2; i < count; ++i) {
        const std::string word = words[i];
        const size_t at = word.find('@'), is = word.find('=');
        if (word == "swapped") {
            swapped = true;
        } else if (word.compare(0, 4, "key=") == 0) {
            keyed = true;
            for (size_t k = 0; k < sizeof key; ++k) {
                key[k] = static_cast<uint8_t>(strtoul(word.substr(4 + 2 * k, 2).c_str(), nullptr, 16));
            }
        } else {
            disturbances.push_back({word.substr(0, at), word.substr(is + 1), strtod(words[i] + at + 1, nullptr)});
        }
    }
    pulsekey::App<World> app(world, swapped, keyed ? key : nullptr);
    const double end_s = strtod(words[1], nullptr);
    size_t next = 0;
    bool begun = false;
    while (static_cast<double>(world.time_us()) < end_s * 1e6) {
        while (next < disturbances.size() && disturbances[next].at_s * 1e6 <= static_cast<double>(world.time_us())) {
            apply(world, disturbances[next++]);
        }
        if (begun) app.step();
        else app.begin();
        begun = true;
        world.pass(20);
    }
    return 0;
}
