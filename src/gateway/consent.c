/* A person's consent: the address with its state, the code for a pair, the accounts that the
 * pair is for, and then the transaction of token_use.c. Each step is on disk before the next
 * needs it. */
#include <stdio.h>
#include <string.h>

#include "format/format.h"
#include "gateway/internal.h"

enum {
    CODE_LIFE_MS = 600000, /* the shortest that platforms give; a state need not live longer */
    STATE_BYTES = 16,
    /* A person waits: passing faults are sat out for a moment and no longer. */
    TRIES_MAX = 4,
    WAIT_MAX_MS = 10000,
    ACCOUNTS_NAMED = 5, /* in an error, which has an end */
};

struct consent_work {
    struct gateway *gateway;
    const struct connector *connector;
    const struct facts *facts;
    struct arena *arena;
    struct token_reply pair;
    struct consent *consent;
};

static enum err_class row_load(const struct gateway *gateway, const char *owner,
                               struct arena *arena, struct token_row *row, struct err *err)
{
    const struct gateway_options *options = &gateway->options;
    return token_row_load(options->store, options->keyring, str_of(owner), arena, row, err);
}

/* Replaces what is there, and is believed for as long as a code lives. */
static enum err_class row_keep(const struct gateway *gateway, const char *owner, struct str access,
                               struct str refresh, struct token_row *row, struct arena *arena,
                               struct err *err)
{
    const struct gateway_options *options = &gateway->options;
    enum token_state loaded_as = row->state;
    row->state = TOKEN_FRESH;
    row->access = access;
    row->refresh = refresh;
    return token_row_save(options->store, options->keyring, str_of(owner), loaded_as,
                          clock_now_ms(), arena, row, err);
}

static bool row_is_young(const struct token_row *row)
{
    return row->state != TOKEN_ABSENT && clock_now_ms() < row->changed_ms + CODE_LIFE_MS;
}

/* --- the address and its state --- */

enum err_class consent_address(struct gateway *gateway, const struct connector *connector,
                               const struct facts *facts, struct arena *arena, struct str *out,
                               struct err *err)
{
    unsigned char bytes[STATE_BYTES];
    char state[2 * STATE_BYTES + 1], owner[TOKEN_OWNER_BYTES_MAX];
    struct facts asked = *facts;
    struct token_row row;
    enum err_class class_ = crypt_random(bytes, sizeof(bytes), err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(state + 2 * i, 3, "%02x", bytes[i]);
    asked.nonce = str_of(state);
    asked.now_ms = clock_now_ms();
    token_asked_owner(facts->shop.id, owner);
    class_ = connector_consent_url(connector, &asked, arena, out, err);
    if (class_ == ERR_OK)
        class_ = row_load(gateway, owner, arena, &row, err);
    return class_ == ERR_OK ? row_keep(gateway, owner, asked.nonce, STR(""), &row, arena, err)
                            : class_;
}

/* A code that came with another state is not the answer to our question: somebody may want this
 * shop to work for another account. */
static enum err_class state_check(const struct consent_work *work, struct str state,
                                  struct err *err)
{
    struct token_row row;
    struct str shop = work->facts->shop.name;
    char owner[TOKEN_OWNER_BYTES_MAX];
    if (state.len == 0)
        return ERR_OK;
    token_asked_owner(work->facts->shop.id, owner);
    enum err_class class_ = row_load(work->gateway, owner, work->arena, &row, err);
    if (class_ != ERR_OK || !row_is_young(&row) || str_eq(row.access, state))
        return class_;
    return err_set(err, ERR_USAGE, "consent_state",
                   "shop %.*s: the pasted address carries another state than the one that was "
                   "printed last, so it may be an answer to somebody else; run \"huiliu shop "
                   "authorize %.*s\" and open the address that it prints",
                   STR_ARG(shop), STR_ARG(shop));
}

/* --- the two calls --- */

/* One call, and again after a passing fault. A code that was taken by a call whose answer was
 * lost is dead at the next try, which is what the person then hears. */
static enum err_class call_patiently(const struct consent_work *work,
                                     const struct endpoint *endpoint, struct page *page,
                                     struct facts *facts, struct err *err)
{
    struct gateway *gateway = work->gateway;
    struct call_ask ask = {.connector = work->connector,
                           .endpoint = endpoint,
                           .facts = *work->facts,
                           /* A person waits. */
                           .comer = {.rank = 0, .waited = true, .outside = true},
                           .of_token = true};
    struct err why = {0};
    enum err_class class_ = ERR_OK;
    ask.facts.access_token = work->pair.access;
    for (ask.attempt = 0; ask.attempt < TRIES_MAX; ask.attempt++) {
        err_clear(&why);
        class_ = gateway_call(gateway, &ask, work->arena, page, &ask.facts.received_ms, &why);
        bool passing = class_ == ERR_RETRY || class_ == ERR_THROTTLED || class_ == ERR_BAD_REPLY ||
                       class_ == ERR_LATER;
        int64_t now_ms = clock_now_ms();
        if (!passing || why.retry_at_ms > now_ms + WAIT_MAX_MS || ask.attempt + 1 == TRIES_MAX)
            break;
        if (!clock_sleep_until(why.retry_at_ms, &gateway->stopping))
            break;
    }
    *facts = ask.facts;
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

/* The pair of a code that was taken before the question for its accounts was answered. */
static enum err_class pair_resume(struct consent_work *work, struct str refusal, struct err *err)
{
    struct token_row row;
    struct str shop = work->facts->shop.name;
    char owner[TOKEN_OWNER_BYTES_MAX];
    token_given_owner(work->facts->shop.id, owner);
    enum err_class class_ = row_load(work->gateway, owner, work->arena, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (!row_is_young(&row))
        return err_set(err, ERR_FORBIDDEN, "code_dead",
                       "shop %.*s: the platform does not take this code (%.*s): a code can be used "
                       "once and within ten minutes; run \"huiliu shop authorize %.*s\" and "
                       "consent again",
                       STR_ARG(shop), STR_ARG(str_utf8_head(refusal, 120)), STR_ARG(shop));
    work->pair = (struct token_reply){.access = row.access,
                                      .refresh = row.refresh,
                                      .expires_ms = row.expires_ms,
                                      .refresh_expires_ms = row.refresh_expires_ms};
    return ERR_OK;
}

/* Where accounts are still to be asked, the pair goes to disk before it is used. */
static enum err_class pair_keep(const struct consent_work *work, struct err *err)
{
    struct token_row row;
    char owner[TOKEN_OWNER_BYTES_MAX];
    token_given_owner(work->facts->shop.id, owner);
    enum err_class class_ = row_load(work->gateway, owner, work->arena, &row, err);
    if (class_ != ERR_OK)
        return class_;
    row.expires_ms = work->pair.expires_ms;
    row.refresh_expires_ms = work->pair.refresh_expires_ms;
    return row_keep(work->gateway, owner, work->pair.access, work->pair.refresh, &row, work->arena,
                    err);
}

static enum err_class pair_get(struct consent_work *work, struct err *err)
{
    const struct auth *auth = connector_auth(work->connector);
    struct facts facts;
    struct page page;
    struct err why = {0};
    enum err_class class_ = call_patiently(work, auth->obtain, &page, &facts, &why);
    bool refused = class_ == ERR_TOKEN_EXPIRED ||
                   (class_ == ERR_FORBIDDEN && why.scope <= ERR_SCOPE_SHOP);
    if (refused)
        return pair_resume(work, str_of(why.message), err);
    if (class_ == ERR_OK) {
        class_ = connector_read_token(work->connector, &page, &facts, work->arena, &work->pair,
                                      &why);
        page_fini(&page);
    }
    if (class_ == ERR_OK && auth->accounts)
        class_ = pair_keep(work, &why);
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

/* --- the accounts --- */

static enum err_class account_missing(const struct consent_work *work, struct err *err)
{
    const struct consent *consent = work->consent;
    const struct facts *facts = work->facts;
    struct buf list;
    buf_init(&list, 1024);
    for (size_t i = 0; i < consent->accounts_len && i < ACCOUNTS_NAMED; i++)
        buf_printf(&list, "%s%.*s", i == 0 ? "" : ", ",
                   STR_ARG(str_utf8_head(consent->accounts[i].external_id, 60)));
    if (consent->accounts_len > ACCOUNTS_NAMED)
        buf_printf(&list, " and %zu more", consent->accounts_len - ACCOUNTS_NAMED);
    err_set(
        err, ERR_FORBIDDEN, "consent_other",
        "shop %.*s: the consent is not for its account %.*s; consent again as the owner of that "
        "account, or authorise the shop that it is for. It covers %s%.*s",
        STR_ARG(facts->shop.name), STR_ARG(str_utf8_head(facts->shop.external_id, 80)),
        consent->accounts_len == 0 ? "no account" : "", STR_ARG(buf_str(&list)));
    buf_fini(&list);
    return ERR_FORBIDDEN;
}

/* Asks what the pair is for; refused where the shop's account is not among it. */
static enum err_class accounts_ask(const struct consent_work *work, struct err *err)
{
    struct consent *consent = work->consent;
    struct account *accounts;
    struct facts facts;
    struct page page;
    bool covered = false;
    enum err_class class_ = call_patiently(work, connector_auth(work->connector)->accounts, &page,
                                           &facts, err);
    /* Refused is refused; everything else may go well in a while, with the pair that is kept. */
    if (class_ != ERR_OK && class_ != ERR_FORBIDDEN)
        err_prefix(err,
                   "shop %.*s: its code was taken, but what it covers could not be asked; run the "
                   "same command again within ten minutes",
                   STR_ARG(work->facts->shop.name));
    if (class_ != ERR_OK)
        return class_;
    class_ = connector_read_accounts(work->connector, &page, work->arena, &accounts,
                                     &consent->accounts_len, err);
    page_fini(&page);
    if (class_ != ERR_OK)
        return class_;
    consent->accounts = arena_array(work->arena, consent->accounts_len + 1,
                                    sizeof(*consent->accounts));
    if (!consent->accounts)
        return err_no_memory(err);
    for (size_t i = 0; i < consent->accounts_len; i++) {
        consent->accounts[i] = (struct consent_account){.external_id = accounts[i].external_id,
                                                        .title = accounts[i].name};
        covered |= str_eq(accounts[i].external_id, work->facts->shop.external_id);
    }
    /* One that was asked for without a shop fits any of them. */
    covered |= work->facts->shop.id < 0 && consent->accounts_len > 0;
    return covered ? ERR_OK : account_missing(work, err);
}

/* --- the whole --- */

/* What cannot become the shop's is not kept. */
static enum err_class given_drop(const struct consent_work *work, struct err *err)
{
    char owner[TOKEN_OWNER_BYTES_MAX];
    token_given_owner(work->facts->shop.id, owner);
    return token_row_forget(work->gateway->options.store, str_of(owner), err);
}

static enum err_class pair_put(const struct consent_work *work, struct err *err)
{
    const struct gateway_options *options = &work->gateway->options;
    const struct token_reply *pair = &work->pair;
    char owner[TOKEN_OWNER_BYTES_MAX], asked[TOKEN_OWNER_BYTES_MAX];
    token_owner(connector_auth(work->connector), work->facts, owner);
    token_asked_owner(work->facts->shop.id, asked);
    enum err_class class_ = token_put(options->store, options->keyring, str_of(owner), pair->access,
                                      pair->refresh, pair->expires_ms, pair->refresh_expires_ms,
                                      clock_now_ms(), err);
    return class_ == ERR_OK ? token_row_forget(options->store, str_of(asked), err) : class_;
}

enum err_class consent_take(struct gateway *gateway, const struct connector *connector,
                            const struct facts *facts, struct str state, struct arena *arena,
                            struct consent *out, struct err *err)
{
    const struct auth *auth = connector_auth(connector);
    const struct gateway_options *options = &gateway->options;
    struct consent_work work = {
        .gateway = gateway, .connector = connector, .facts = facts, .arena = arena, .consent = out};
    char owner[TOKEN_OWNER_BYTES_MAX];
    *out = (struct consent){0};
    if (!auth->obtain)
        return err_set(err, ERR_USAGE, "token_by_hand",
                       "%.*s gives no token for a code: its token is put in by hand",
                       STR_ARG(connector_platform(connector)));
    enum err_class class_ = state_check(&work, state, err);
    if (class_ == ERR_OK)
        class_ = pair_get(&work, err);
    if (class_ == ERR_OK && auth->accounts) {
        class_ = accounts_ask(&work, err);
        if (class_ == ERR_OK)
            class_ = token_adopt(options->store, options->keyring, connector, facts, &work.pair,
                                 arena, out, err);
        else if (class_ == ERR_FORBIDDEN)
            given_drop(&work, NULL);
    } else if (class_ == ERR_OK) {
        class_ = pair_put(&work, err);
    }
    token_owner(auth, facts, owner);
    token_forget(gateway->tokens, str_of(owner));
    return class_;
}

enum err_class consent_take_any(struct gateway *gateway, const struct connector *connector,
                                const struct facts *facts, consent_choose *choose, void *context,
                                struct arena *arena, struct consent *out, struct err *err)
{
    const struct auth *auth = connector_auth(connector);
    const struct gateway_options *options = &gateway->options;
    struct consent_work work = {
        .gateway = gateway, .connector = connector, .facts = facts, .arena = arena, .consent = out};
    struct facts chosen = *facts;
    char owner[TOKEN_OWNER_BYTES_MAX];
    *out = (struct consent){0};
    if (!auth->obtain || !auth->accounts)
        return err_set(err, ERR_USAGE, "shop_needed",
                       "%.*s does not tell which accounts a consent covers: name the shop that it "
                       "is for",
                       STR_ARG(connector_platform(connector)));
    enum err_class class_ = pair_get(&work, err);
    if (class_ == ERR_OK) {
        class_ = accounts_ask(&work, err);
        if (class_ == ERR_FORBIDDEN)
            given_drop(&work, NULL);
    }
    if (class_ == ERR_OK)
        class_ = choose(context, out->accounts, out->accounts_len, &chosen, err);
    if (class_ != ERR_OK)
        return class_;
    work.facts = &chosen;
    class_ = token_adopt(options->store, options->keyring, connector, &chosen, &work.pair, arena,
                         out, err);
    work.facts = facts;
    if (class_ == ERR_OK)
        class_ = given_drop(&work, err);
    token_owner(auth, &chosen, owner);
    token_forget(gateway->tokens, str_of(owner));
    return class_;
}
