/* Schedules: the input is a line. One that is taken has runs that come after the instant that was asked
 * about, and no other lies in between. */
#include <assert.h>

#include "fuzz.h"
#include "queue/queue.h"

enum { RUNS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t AFTER_MS[] = {86400000, INT64_C(1774746000000), INT64_C(4107542400000)};
    struct schedule schedule;
    struct err err;
    const struct zone *berlin;
    if (zone_find(STR("Europe/Berlin"), &berlin, NULL) != ERR_OK ||
        schedule_parse((struct str){(const char *)data, size}, berlin, &schedule, &err) != ERR_OK)
        return 0;
    for (size_t i = 0; i < sizeof AFTER_MS / sizeof *AFTER_MS; i++) {
        int64_t at_ms = AFTER_MS[i];
        for (int run = 0; run < RUNS; run++) {
            int64_t next_ms = schedule_next_ms(&schedule, at_ms);
            assert(next_ms > at_ms);
            assert(schedule_next_ms(&schedule, next_ms - 1) == next_ms);
            at_ms = next_ms;
        }
    }
    return 0;
}
