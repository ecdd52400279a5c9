/* The choice of faults, and the rules that keep it fair. */
#include "sandbox/fault.h"

#include <string.h>

#include "sandbox/world.h"

/* A request that the table has no room for gets no fault: rules before mischief. */
enum { SEEN_MAX = 1 << 20 };

static const struct fault_info INFOS[FAULT_KINDS] = {
    [FAULT_NONE] = {"none", 0, false, "nothing goes wrong"},
    [FAULT_THROTTLE_RETRY_AFTER] = {"throttle_retry_after", FAULT_ON_ANY, false,
                                    "HTTP 429 with Retry-After: 1 or 2"},
    [FAULT_THROTTLE_PLAIN] = {"throttle_plain", FAULT_ON_ANY, false, "HTTP 429 without it"},
    [FAULT_HTTP_500] = {"http_500", FAULT_ON_ANY, false, "HTTP 500 with a text body"},
    [FAULT_HTTP_503] = {"http_503", FAULT_ON_ANY, false, "HTTP 503 with a JSON body"},
    [FAULT_TIMEOUT] = {"timeout", FAULT_ON_ANY, false,
                       "no answer for --timeout-ms of real time, then the connection closes"},
    [FAULT_SLOW_BODY] = {"slow_body", FAULT_ON_ANY, false,
                         "the right body in eight pieces, --slow-ms between them"},
    [FAULT_CUT_JSON] = {"cut_json", FAULT_ON_ANY, false,
                        "half of the body, announced as if it were all"},
    [FAULT_CUT_CONNECTION] = {"cut_connection", FAULT_ON_ANY, false,
                              "the connection closes before the announced length"},
    [FAULT_NON_UTF8] = {"non_utf8", FAULT_ON_ANY, false, "one byte of the body is not UTF-8"},
    [FAULT_HTML] = {"html", FAULT_ON_ANY, false, "HTTP 200 and a web page instead of JSON"},
    [FAULT_ERROR_IN_200] = {"error_in_200", FAULT_ON_ANY, false, "HTTP 200 that says: system busy"},
    [FAULT_EMPTY_SUCCESS] = {"empty_success", FAULT_ON_DATA, true,
                             "success with nothing in it, in one of three forms"},
    [FAULT_LIST_MISSING] = {"list_missing", FAULT_ON_LIST, false, "success without the list's key"},
    [FAULT_EMPTY_PAGE] = {"empty_page", FAULT_ON_LIST, true,
                          "an empty list with the right total; with cursors also a false end"},
    [FAULT_DUPLICATE_PAGE] = {"duplicate_page", FAULT_ON_LIST, true,
                              "the rows of the page before (never on a first page)"},
    [FAULT_SHIFTED_PAGE] = {"shifted_page", FAULT_ON_LIST, true,
                            "the page's rows begin one place too early or too late"},
    [FAULT_CHANGED_TOTAL] = {"changed_total", FAULT_ON_LIST, true, "a wrong total"},
    [FAULT_TOKEN_REVOKED] = {"token_revoked", FAULT_ON_DATA | FAULT_ON_RENEW, false,
                             "the token is dead from this call on"},
    [FAULT_CLOCK_OFF] = {"clock_off", FAULT_ON_ANY, false,
                         "Date header and the body's time are hours off"},
    [FAULT_HUGE_REPLY] = {"huge_reply", FAULT_ON_DATA | FAULT_ON_ASKING, false,
                          "a body of --huge-mb megabytes"},
};

const struct fault_info *fault_info(enum fault_kind kind)
{
    return &INFOS[kind];
}

bool fault_parse(struct str name, enum fault_kind *out)
{
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++)
        if (str_eq(name, str_of(INFOS[k].name))) {
            *out = (enum fault_kind)k;
            return true;
        }
    return false;
}

static bool percent_parse(struct str text, uint32_t *ppm)
{
    int64_t value;
    if (text.len > 0 && text.ptr[text.len - 1] == '%')
        text.len--;
    /* Four decimals of a percent are parts in a million. */
    if (money_parse(text, 4, &value, NULL, NULL) != ERR_OK || value < 0 || value > FAULT_MILLION)
        return false;
    *ppm = (uint32_t)value;
    return true;
}

static enum err_class kind_unknown(struct str name, struct err *err)
{
    struct str names[FAULT_KINDS];
    for (int k = 0; k < FAULT_KINDS; k++)
        names[k] = str_of(INFOS[k].name);
    size_t nearest = str_nearest(name, names, FAULT_KINDS);
    return err_set(err, ERR_USAGE, "fault", "fault \"%.*s\" is unknown%s%s", STR_ARG(name),
                   nearest == SIZE_MAX ? "" : "; did you mean ",
                   nearest == SIZE_MAX ? "" : names[nearest].ptr);
}

enum err_class fault_plan_parse(struct str text, struct fault_plan *out, struct err *err)
{
    struct fault_plan plan = {0};
    uint32_t sum = 0;
    bool more = !str_eq(text, STR("none")) && text.len > 0;
    while (more) {
        struct str part, name, percent;
        enum fault_kind kind;
        more = str_cut(text, ',', &part, &text);
        str_cut(part, '=', &name, &percent);
        bool all = str_eq(name, STR("all"));
        if (!all && !fault_parse(name, &kind))
            return kind_unknown(name, err);
        uint32_t *ppm = all ? &plan.all_ppm : &plan.kind_ppm[kind];
        if (!percent_parse(percent, ppm))
            return err_set(err, ERR_USAGE, "fault",
                           "fault \"%.*s\": expected a share as in %.*s=5%%", STR_ARG(part),
                           STR_ARG(name));
        sum += *ppm;
    }
    if (sum > FAULT_MILLION)
        return err_set(err, ERR_USAGE, "fault", "the faults add up to more than 100 %%");
    *out = plan;
    return ERR_OK;
}

void faults_init(struct faults *faults, uint64_t seed, const struct fault_plan *plan)
{
    *faults = (struct faults){.seed = seed, .plan = *plan};
    pthread_mutex_init(&faults->lock, NULL);
    map_init(&faults->seen, SEEN_MAX);
    arena_init(&faults->keys);
}

void faults_fini(struct faults *faults)
{
    map_fini(&faults->seen);
    arena_fini(&faults->keys);
    pthread_mutex_destroy(&faults->lock);
}

void faults_set(struct faults *faults, const struct fault_plan *plan)
{
    pthread_mutex_lock(&faults->lock);
    faults->plan = *plan;
    pthread_mutex_unlock(&faults->lock);
}

/* What is remembered of a request, packed into the map's number. */
struct history {
    uint32_t calls;
    uint8_t last, run; /* the fault of the last call (FAULT_NONE: none) and how often in a row */
    uint16_t unused;   /* keeps the packed form free of padding */
};

static struct history history_unpack(uint64_t number)
{
    struct history history;
    memcpy(&history, &number, sizeof history);
    return history;
}

static uint64_t history_pack(struct history history)
{
    uint64_t number;
    _Static_assert(sizeof history == sizeof number, "a history is one number");
    memcpy(&number, &history, sizeof number);
    return number;
}

static struct map_entry *history_of(struct faults *faults, uint64_t identity)
{
    struct str key = {(const char *)&identity, sizeof identity};
    struct map_entry *entry = map_find(&faults->seen, key);
    if (entry || faults->seen.len >= SEEN_MAX)
        return entry;
    key = arena_dup(&faults->keys, key);
    return key.ptr ? map_put(&faults->seen, key, NULL) : NULL;
}

static bool kind_fits(enum fault_kind kind, unsigned where, bool by_name)
{
    unsigned needs = INFOS[kind].where;
    if (by_name)
        /* Who asks by name for a token that cannot be renewed wants exactly that. */
        return (needs & ~(unsigned)(FAULT_ON_ASKING | FAULT_ON_RENEW) & ~where) == 0;
    return (needs & ~where) == 0;
}

static bool kind_fair(enum fault_kind kind, const struct history *history)
{
    if (INFOS[kind].looks_valid && INFOS[history->last].looks_valid)
        return false;
    return history->last != (uint8_t)kind || history->run < 2;
}

/* One of the kinds that fit and are fair, or none when that is none. */
static enum fault_kind pick_any(const struct history *history, unsigned where, uint64_t random)
{
    enum fault_kind fit[FAULT_KINDS];
    unsigned len = 0;
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++)
        if (kind_fits((enum fault_kind)k, where, false) && kind_fair((enum fault_kind)k, history))
            fit[len++] = (enum fault_kind)k;
    return len == 0 ? FAULT_NONE : fit[random % len];
}

static enum fault_kind pick(const struct fault_plan *plan, const struct history *history,
                            unsigned where, uint64_t random)
{
    uint64_t at = random % FAULT_MILLION;
    if (at < plan->all_ppm)
        return pick_any(history, where, random / FAULT_MILLION);
    at -= plan->all_ppm;
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++) {
        enum fault_kind kind = (enum fault_kind)k;
        if (at < plan->kind_ppm[k])
            return kind_fits(kind, where, true) && kind_fair(kind, history) ? kind : FAULT_NONE;
        at -= plan->kind_ppm[k];
    }
    return FAULT_NONE;
}

enum fault_kind fault_pick(struct faults *faults, uint64_t identity, unsigned where)
{
    enum fault_kind kind = FAULT_NONE;
    pthread_mutex_lock(&faults->lock);
    struct map_entry *entry = history_of(faults, identity);
    if (entry) {
        struct history history = history_unpack(entry->value.number);
        uint64_t random = world_mix(faults->seed ^ identity, history.calls++);
        kind = pick(&faults->plan, &history, where, random);
        bool again = kind != FAULT_NONE && history.last == (uint8_t)kind;
        history.run = again ? (uint8_t)(history.run + 1) : kind != FAULT_NONE;
        history.last = (uint8_t)kind;
        faults->given[kind]++;
        entry->value.number = history_pack(history);
    }
    pthread_mutex_unlock(&faults->lock);
    return kind;
}

void fault_withdraw(struct faults *faults, uint64_t identity, enum fault_kind kind)
{
    if (kind == FAULT_NONE)
        return;
    pthread_mutex_lock(&faults->lock);
    struct map_entry *entry = history_of(faults, identity);
    faults->given[kind]--;
    faults->given[FAULT_NONE]++;
    if (entry) {
        struct history history = history_unpack(entry->value.number);
        /* The call did take place, so it ends a run: it was a call without a fault. */
        history.last = FAULT_NONE;
        history.run = 0;
        entry->value.number = history_pack(history);
    }
    pthread_mutex_unlock(&faults->lock);
}

void faults_counts(struct faults *faults, uint64_t given[FAULT_KINDS])
{
    pthread_mutex_lock(&faults->lock);
    memcpy(given, faults->given, sizeof faults->given);
    pthread_mutex_unlock(&faults->lock);
}
