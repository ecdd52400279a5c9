/* Every bound that more than one room relies on, with its reason. A bound that only one room
 * needs stands in that room. Nothing in Huiliu grows without one of these above it. */
#ifndef HUILIU_BASE_LIMITS_H
#define HUILIU_BASE_LIMITS_H

enum {
    /* A page of 100 orders is about 150 KB; Amazon's and Temu's largest documented pages stay
     * under 4 MB. 16 MB leaves room and keeps eight workers under the memory promise. */
    BODY_BYTES_MAX = 16 * 1024 * 1024,
    /* A compressed body may not unfold to more than the same bound: a bomb is a bad reply. */
    BODY_INFLATED_BYTES_MAX = BODY_BYTES_MAX,
    /* Request lines and headers: common servers refuse more than 8 KB a line. */
    URL_BYTES_MAX = 16 * 1024,
    HEADERS_MAX = 64,
    /* Records in one page: the largest documented page size of any platform is 1,000 (Wish). */
    PAGE_RECORDS_MAX = 5000,
    /* The re-read cost of a crash (promise 2): at most this many pages of a stream are in flight. */
    PAGES_IN_FLIGHT_MAX = 4,
    /* A window's id set is held while it is proved: 500,000 ids x 8 bytes = 4 MB. Larger windows
     * are split, so the bound costs calls, never rows. */
    WINDOW_IDS_MAX = 500000,
    /* Nesting of YAML and of expressions that we walk by recursion; deeper input is refused. JSON has
     * its own bound (format/json.h). */
    NESTING_MAX = 64,
    /* One arena may not outgrow a page, its parsed form (about 6x) and its batch. */
    ARENA_BYTES_MAX = 192 * 1024 * 1024,
    /* Largest commit group of the single writer (measured: 5,000 rows are 3x faster than 500). */
    COMMIT_ROWS_MAX = 5000,
    COMMIT_LINGER_MS = 2,
    /* Longest identifier of a platform that we accept; the longest documented has 64 bytes. */
    ID_BYTES_MAX = 191,
    /* Threads that may take part in a process: workers + gateway + writer + service threads. */
    THREADS_MAX = 256,
};

#endif
