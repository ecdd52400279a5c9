/* Verdicts, distinct ids and digests of windows. The digest vectors were computed with
 * python3: hashlib.sha256(b"".join(sorted(hashlib.sha256(i).digest()[:8] for i in ids))). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/evidence.h"

static void id_set_drops_repeats_and_orders(void **state)
{
    (void)state;
    struct id_set set;
    id_set_init(&set);
    uint64_t hashes[] = {9, 3, 9, UINT64_MAX, 3, 0};
    assert_int_equal(id_set_add(&set, hashes, 6, NULL), ERR_OK);
    id_set_settle(&set);
    uint64_t expected[] = {0, 3, 9, UINT64_MAX};
    assert_int_equal(set.len, 4);
    assert_memory_equal(set.hashes, expected, sizeof expected);
    id_set_fini(&set);
}

static void id_set_bytes_come_back_as_they_went(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct id_set set;
    id_set_init(&set);
    uint64_t hashes[] = {0x0102030405060708u, UINT64_MAX, 0};
    struct str bytes = id_hashes_bytes(hashes, 3, &arena);
    assert_int_equal(bytes.len, 24);
    assert_int_equal(bytes.ptr[0], 1);
    assert_int_equal(id_set_add_bytes(&set, bytes, NULL), ERR_OK);
    assert_memory_equal(set.hashes, hashes, sizeof hashes);
    struct err err;
    assert_int_equal(id_set_add_bytes(&set, str_sub(bytes, 0, 7), &err), ERR_STORE);
    id_set_fini(&set);
    arena_fini(&arena);
}

static void digest_equals_the_published_recomputation(void **state)
{
    (void)state;
    struct id_set set;
    id_set_init(&set);
    uint64_t hashes[] = {id_hash(STR("1835535794685987")), id_hash(STR("1835535798058120")),
                         id_hash(STR("1835535794685987"))};
    id_set_add(&set, hashes, 3, NULL);
    id_set_settle(&set);
    char hex[DIGEST_HEX_ROOM];
    assert_int_equal(id_set_digest(&set, hex, NULL), ERR_OK);
    assert_string_equal(hex, "055e2a1e2f3a93f408918d590b18e912340d4133dbd10d2391f93adc04c571da");
    set.len = 0;
    assert_int_equal(id_set_digest(&set, hex, NULL), ERR_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    id_set_fini(&set);
}

static enum verdict judge(struct evidence evidence)
{
    char reason[REASON_ROOM];
    return evidence_judge(&evidence, reason);
}

static void totals_that_agree_with_what_was_seen_give_grade_a(void **state)
{
    (void)state;
    struct evidence evidence = {.total_first = 7, .total_last = 7, .distinct = 7, .pass = 1};
    assert_int_equal(judge(evidence), VERDICT_SEAL_A);
    evidence.total_last = 8;
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.total_last = 7;
    evidence.distinct = 5;
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.pass = PASSES_MAX;
    assert_int_equal(judge(evidence), VERDICT_UNPROVED);
}

static void a_total_that_stays_below_what_was_seen_splits_the_window(void **state)
{
    (void)state;
    struct evidence evidence = {.total_first = 7, .total_last = 7, .distinct = 8, .pass = 1};
    assert_int_equal(judge(evidence), VERDICT_SPLIT);
    evidence.total_last = 8; /* it only grew */
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
}

static void a_total_that_only_fell_moves_a_window_by_update_time(void **state)
{
    (void)state;
    struct evidence evidence = {
        .rows_leave = true, .total_first = 9, .total_last = 7, .distinct = 8, .pass = 1};
    assert_int_equal(judge(evidence), VERDICT_MOVED);
    evidence.distinct = 6; /* fewer than stayed: a hole */
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.distinct = 10; /* more than there ever were */
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.distinct = 8;
    evidence.rows_leave = false; /* creation times do not move */
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.rows_leave = true;
    evidence.total_last = 10; /* rose */
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
}

static void without_totals_two_equal_readings_give_grade_b(void **state)
{
    (void)state;
    struct evidence evidence = {
        .total_first = -1, .total_last = -1, .distinct = 3, .pass = 1, .digest = STR("aa")};
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.pass = 2;
    evidence.digest_before = STR("ab");
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.digest_before = STR("aa");
    assert_int_equal(judge(evidence), VERDICT_SEAL_B);
    evidence.digest_before = STR("ab");
    evidence.pass = PASSES_MAX;
    assert_int_equal(judge(evidence), VERDICT_UNPROVED);
}

/* Two equal readings are no proof beside a total that said something else. */
static void a_total_that_disagreed_outlives_its_reading(void **state)
{
    (void)state;
    struct evidence evidence = {
        .total_first = 20, .total_last = 20, .distinct = 19, .pass = 1, .digest = STR("aa")};
    for (; evidence.pass < PASSES_MAX; evidence.pass++) {
        assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
        evidence.digest_before = evidence_digest_kept(&evidence);
        evidence.total_first = evidence.total_last = -1;
    }
    assert_int_equal(judge(evidence), VERDICT_UNPROVED);
    evidence.total_first = evidence.total_last = 19; /* said again, it may still prove */
    assert_int_equal(judge(evidence), VERDICT_SEAL_A);
}

static void a_total_that_is_said_once_proves_nothing(void **state)
{
    (void)state;
    struct evidence evidence = {.total_first = 3,
                                .total_last = -1,
                                .distinct = 3,
                                .pass = 2,
                                .digest = STR("aa"),
                                .digest_before = STR("aa")};
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.total_first = -1;
    evidence.total_last = 3;
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
}

static void what_was_seen_and_is_not_there_keeps_a_window_open(void **state)
{
    (void)state;
    struct evidence evidence = {
        .total_first = 4, .total_last = 4, .distinct = 4, .missing = 1, .pass = 1};
    assert_int_equal(judge(evidence), VERDICT_READ_AGAIN);
    evidence.pass = PASSES_MAX;
    assert_int_equal(judge(evidence), VERDICT_UNPROVED);
    evidence.total_first = evidence.total_last = -1;
    evidence.digest = evidence.digest_before = STR("aa");
    assert_int_equal(judge(evidence), VERDICT_UNPROVED);
    evidence.missing = 0;
    assert_int_equal(judge(evidence), VERDICT_SEAL_B);
}

static void missing_ids_are_counted_once(void **state)
{
    (void)state;
    struct id_set seen, stored;
    id_set_init(&seen);
    id_set_init(&stored);
    assert_int_equal(id_set_missing(&seen, &stored), 0);
    const uint64_t seen_hashes[] = {7, 1, 7, 4, UINT64_MAX}, stored_hashes[] = {4, 0, 9};
    id_set_add(&seen, seen_hashes, 5, NULL);
    id_set_settle(&seen);
    assert_int_equal(id_set_missing(&seen, &stored), 4);
    id_set_add(&stored, stored_hashes, 3, NULL);
    id_set_settle(&stored);
    assert_int_equal(id_set_missing(&seen, &stored), 3);
    assert_int_equal(id_set_missing(&stored, &seen), 2);
    id_set_fini(&seen);
    id_set_fini(&stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_set_drops_repeats_and_orders),
        cmocka_unit_test(id_set_bytes_come_back_as_they_went),
        cmocka_unit_test(digest_equals_the_published_recomputation),
        cmocka_unit_test(totals_that_agree_with_what_was_seen_give_grade_a),
        cmocka_unit_test(a_total_that_stays_below_what_was_seen_splits_the_window),
        cmocka_unit_test(a_total_that_only_fell_moves_a_window_by_update_time),
        cmocka_unit_test(without_totals_two_equal_readings_give_grade_b),
        cmocka_unit_test(a_total_that_disagreed_outlives_its_reading),
        cmocka_unit_test(a_total_that_is_said_once_proves_nothing),
        cmocka_unit_test(what_was_seen_and_is_not_there_keeps_a_window_open),
        cmocka_unit_test(missing_ids_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
