/* The rules of faults, over many requests. */
#include "sandbox/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    LIST = FAULT_ON_ANY | FAULT_ON_LIST | FAULT_ON_DATA | FAULT_ON_RENEW,
    REQUESTS = 50,
    ROUNDS = 400,
};

static struct fault_plan plan_of(const char *text)
{
    struct fault_plan plan;
    assert_int_equal(fault_plan_parse(str_of(text), &plan, NULL), ERR_OK);
    return plan;
}

static void faults_of(struct faults *faults, const char *text, uint64_t seed)
{
    struct fault_plan plan = plan_of(text);
    faults_init(faults, seed, &plan);
}

static void no_fault_comes_three_times_running(void **state)
{
    (void)state;
    static const char *const PLANS[] = {"all=100%", "http_500=100%", "empty_page=60%,html=40%"};
    for (size_t p = 0; p < 3; p++) {
        struct faults faults;
        enum fault_kind last[REQUESTS] = {FAULT_NONE};
        unsigned run[REQUESTS] = {0};
        faults_of(&faults, PLANS[p], 1);
        for (int round = 0; round < ROUNDS; round++)
            for (uint64_t request = 0; request < REQUESTS; request++) {
                enum fault_kind kind = fault_pick(&faults, request, LIST);
                run[request] = kind == last[request] ? run[request] + 1 : 1;
                assert_true(kind == FAULT_NONE || run[request] <= 2);
                assert_false(fault_info(kind)->looks_valid &&
                             fault_info(last[request])->looks_valid);
                last[request] = kind;
            }
        faults_fini(&faults);
    }
}

static void share_is_what_was_asked_for_and_every_kind_comes(void **state)
{
    (void)state;
    struct faults faults;
    uint64_t given[FAULT_KINDS];
    faults_of(&faults, "all=20%", 5);
    for (uint64_t i = 0; i < 20000; i++)
        fault_pick(&faults, i % 997, LIST);
    faults_counts(&faults, given);
    assert_in_range(20000 - given[FAULT_NONE], 3700, 4300);
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++)
        if (k == FAULT_HUGE_REPLY)
            assert_int_equal(given[k], 0);
        else
            assert_in_range(given[k], 100, 400);
    faults_fini(&faults);
}

static void equal_seeds_give_equal_faults(void **state)
{
    (void)state;
    struct faults one, two, other;
    unsigned different = 0;
    faults_of(&one, "all=50%", 5);
    faults_of(&two, "all=50%", 5);
    faults_of(&other, "all=50%", 6);
    for (uint64_t i = 0; i < 500; i++) {
        enum fault_kind kind = fault_pick(&one, i % 7, LIST);
        assert_int_equal(kind, fault_pick(&two, i % 7, LIST));
        different += kind != fault_pick(&other, i % 7, LIST);
    }
    assert_true(different > 100);
    faults_fini(&one);
    faults_fini(&two);
    faults_fini(&other);
}

static void faults_come_only_where_they_can_happen(void **state)
{
    (void)state;
    struct faults faults;
    faults_of(&faults, "all=100%", 2);
    for (uint64_t i = 0; i < 3000; i++)
        assert_int_equal(fault_info(fault_pick(&faults, i, FAULT_ON_ANY))->where, FAULT_ON_ANY);
    for (uint64_t i = 0; i < 3000; i++)
        assert_int_not_equal(fault_pick(&faults, i, LIST & ~(unsigned)FAULT_ON_RENEW),
                             FAULT_TOKEN_REVOKED);
    faults_fini(&faults);
    /* Asked for by name, a token that nobody can renew is revoked too. */
    faults_of(&faults, "token_revoked=100%", 2);
    assert_int_equal(fault_pick(&faults, 1, LIST & ~(unsigned)FAULT_ON_RENEW), FAULT_TOKEN_REVOKED);
    assert_int_equal(fault_pick(&faults, 1, FAULT_ON_ANY), FAULT_NONE);
    faults_fini(&faults);
}

static void withdrawn_fault_was_not_given(void **state)
{
    (void)state;
    struct faults faults;
    uint64_t given[FAULT_KINDS];
    faults_of(&faults, "duplicate_page=100%", 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fault_pick(&faults, 1, LIST), FAULT_DUPLICATE_PAGE);
        fault_withdraw(&faults, 1, FAULT_DUPLICATE_PAGE);
    }
    faults_counts(&faults, given);
    assert_int_equal(given[FAULT_DUPLICATE_PAGE], 0);
    assert_int_equal(given[FAULT_NONE], 3);
    faults_fini(&faults);
}

static void plans_are_read_or_refused(void **state)
{
    (void)state;
    struct fault_plan plan = plan_of("all=20%,http_500=0.5%,html=3");
    struct err err;
    assert_int_equal(plan.all_ppm, 200000);
    assert_int_equal(plan.kind_ppm[FAULT_HTTP_500], 5000);
    assert_int_equal(plan.kind_ppm[FAULT_HTML], 30000);
    plan = plan_of("none");
    assert_int_equal(plan.all_ppm, 0);
    assert_int_equal(fault_plan_parse(STR("cut_jsn=5%"), &plan, &err), ERR_USAGE);
    assert_non_null(strstr(err.message, "cut_json"));
    assert_int_equal(fault_plan_parse(STR("all=101%"), &plan, &err), ERR_USAGE);
    assert_int_equal(fault_plan_parse(STR("all=60%,html=50%"), &plan, &err), ERR_USAGE);
    assert_int_equal(fault_plan_parse(STR("html"), &plan, &err), ERR_USAGE);
    assert_int_equal(fault_plan_parse(STR("html=-1%"), &plan, &err), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fault_comes_three_times_running),
        cmocka_unit_test(share_is_what_was_asked_for_and_every_kind_comes),
        cmocka_unit_test(equal_seeds_give_equal_faults),
        cmocka_unit_test(faults_come_only_where_they_can_happen),
        cmocka_unit_test(withdrawn_fault_was_not_given),
        cmocka_unit_test(plans_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
