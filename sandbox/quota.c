/* Buckets and windows in integers: a level is counted in call-milliseconds, so that nothing is
 * rounded however odd the rate. */
#include "sandbox/quota.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool quota_number(struct str text, int64_t *out)
{
    return str_to_i64(text, out) && *out > 0 && *out <= QUOTA_CALLS_MAX;
}

static bool quota_part(struct str part, struct quota_rule *rule)
{
    struct str key, value;
    if (!str_cut(part, '=', &key, &value))
        return false;
    if (str_eq(key, STR("burst")))
        return quota_number(value, &rule->burst);
    if (!str_eq(key, STR("kind")))
        return false;
    rule->window = str_eq(value, STR("window"));
    return rule->window || str_eq(value, STR("bucket"));
}

static bool quota_rate(struct str text, struct quota_rule *rule)
{
    struct str calls, seconds;
    int64_t per_s;
    if (!str_cut(text, '/', &calls, &seconds) || !quota_number(calls, &rule->calls) ||
        !quota_number(seconds, &per_s))
        return false;
    rule->per_ms = per_s * 1000;
    rule->burst = rule->calls;
    return true;
}

enum err_class quota_rule_parse(struct str text, struct quota_rule *out, struct err *err)
{
    struct str platform = STR(""), rest = text, scope, limits, part;
    struct quota_rule rule = {0};
    if (str_find_char(text, ':') != SIZE_MAX)
        str_cut(text, ':', &platform, &rest);
    bool good = str_cut(rest, '=', &scope, &limits) && platform.len < sizeof rule.platform;
    if (good && platform.len > 0)
        memcpy(rule.platform, platform.ptr, platform.len);
    rule.scope = str_eq(scope, STR("app")) ? QUOTA_APP : QUOTA_SHOP;
    good = good && (rule.scope == QUOTA_APP || str_eq(scope, STR("shop")));
    bool more = str_cut(limits, ',', &part, &limits);
    good = good && quota_rate(part, &rule);
    while (good && more) {
        more = str_cut(limits, ',', &part, &limits);
        good = quota_part(part, &rule);
    }
    if (!good)
        return err_set(err, ERR_USAGE, "quota",
                       "quota \"%.*s\": expected [PLATFORM:]shop|app=CALLS/SECONDS[,burst=B]"
                       "[,kind=bucket|window], numbers from 1 to %d",
                       STR_ARG(text), QUOTA_CALLS_MAX);
    *out = rule;
    return ERR_OK;
}

enum err_class quota_init(struct quota *quota, size_t holders_max, struct err *err)
{
    *quota = (struct quota){.holders_max = holders_max};
    pthread_mutex_init(&quota->lock, NULL);
    for (size_t i = 0; i < QUOTA_RULES_MAX; i++) {
        quota->counts[i] = calloc(holders_max * QUOTA_METHODS_MAX + 1, sizeof **quota->counts);
        if (!quota->counts[i]) {
            quota_fini(quota);
            return err_no_memory(err);
        }
    }
    return ERR_OK;
}

void quota_fini(struct quota *quota)
{
    if (quota->holders_max == 0)
        return;
    for (size_t i = 0; i < QUOTA_RULES_MAX; i++)
        free(quota->counts[i]);
    pthread_mutex_destroy(&quota->lock);
    *quota = (struct quota){0};
}

enum err_class quota_set(struct quota *quota, const struct quota_rule *rules, size_t rules_len,
                         int64_t now_ms, struct err *err)
{
    if (rules_len > QUOTA_RULES_MAX)
        return err_set(err, ERR_USAGE, "quota", "more than %d quota rules", QUOTA_RULES_MAX);
    pthread_mutex_lock(&quota->lock);
    quota->rules_len = rules_len;
    for (size_t r = 0; r < rules_len; r++) {
        quota->rules[r] = rules[r];
        int64_t full = rules[r].window ? 0 : rules[r].burst * rules[r].per_ms;
        for (size_t i = 0; i < quota->holders_max * QUOTA_METHODS_MAX; i++)
            quota->counts[r][i] = (struct quota_count){full, now_ms};
    }
    pthread_mutex_unlock(&quota->lock);
    return ERR_OK;
}

/* Brings a count to now; true when one more call fits. Calls reach the lock slightly out of
 * order, so a count's time never runs backwards. */
static bool count_fits(const struct quota_rule *rule, struct quota_count *count, int64_t now_ms)
{
    now_ms = now_ms < count->at_ms ? count->at_ms : now_ms;
    if (rule->window) {
        if (now_ms / rule->per_ms != count->at_ms / rule->per_ms)
            count->level = 0;
        count->at_ms = now_ms;
        return count->level < rule->calls;
    }
    int64_t full = rule->burst * rule->per_ms;
    int64_t passed_ms = now_ms - count->at_ms;
    /* Time enough to fill it whatever its level: also keeps the product below in range. */
    int64_t fill_ms = full / rule->calls + 1;
    count->level += (passed_ms < fill_ms ? passed_ms : fill_ms) * rule->calls;
    count->level = count->level < full ? count->level : full;
    count->at_ms = now_ms;
    return count->level >= rule->per_ms;
}

bool quota_take(struct quota *quota, const struct quota_call *call, int64_t now_ms)
{
    struct quota_count *taken[QUOTA_RULES_MAX];
    bool allowed = true;
    assert(call->method < QUOTA_METHODS_MAX);
    pthread_mutex_lock(&quota->lock);
    for (size_t r = 0; r < quota->rules_len; r++) {
        const struct quota_rule *rule = &quota->rules[r];
        taken[r] = NULL;
        if (rule->platform[0] != '\0' && strcmp(rule->platform, call->platform) != 0)
            continue;
        uint32_t holder = rule->scope == QUOTA_APP ? call->app : call->shop;
        assert(holder < quota->holders_max);
        taken[r] = &quota->counts[r][holder * QUOTA_METHODS_MAX + call->method];
        allowed &= count_fits(rule, taken[r], now_ms);
    }
    for (size_t r = 0; allowed && r < quota->rules_len; r++)
        if (taken[r])
            taken[r]->level += quota->rules[r].window ? 1 : -quota->rules[r].per_ms;
    pthread_mutex_unlock(&quota->lock);
    return allowed;
}
