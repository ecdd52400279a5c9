/* gateway: the only place that calls out. HTTP client (curl multi on one I/O thread), budgets,
 * breakers, token keeper, call log.
 *
 * A call is one try. gateway_send takes the token, asks the breaker and the budgets, sleeps up to
 * 200 ms for its turn, builds and signs the request with one clock reading and hands it to the I/O
 * thread; call_wait gives the classified page. The token comes first because getting one may take
 * seconds, after which a reserved turn would be long over. Whether and when to try again is the
 * queue's: the error carries its class and retry_at_ms (full jitter over the manifest's retry rule,
 * or Retry-After), so that no worker sleeps through a back-off. Two exceptions are handled here
 * because they are not failures of the call: an expired token is refreshed and the call sent once
 * more; a kept connection that died meanwhile is replaced (curl's own).
 *
 * Errors: the platform's classes with scope; of the transport ERR_RETRY "resolve", "connect",
 * "timeout", "tls", "reply_cut", "transfer" (scope platform), ERR_BAD_REPLY "too_large",
 * "headers_too_large", "encoding", "redirect"; ERR_LATER "budget", "breaker_open",
 * "calls_in_flight", "lock_held", "token_changed" with retry_at_ms; ERR_FORBIDDEN "token_missing",
 * "token_dead", "needs_person", "code_dead", "consent_other"; ERR_USAGE "token_by_hand",
 * "consent_state"; ERR_TOKEN_EXPIRED "token_refused" (a brand-new token was refused, so
 * another one will not help); ERR_CONFIG "proxy", "test_clock", "token_grant"; ERR_STOPPED.
 *
 * Breakers by scope: BREAKER_FAILURES ERR_RETRY/ERR_BAD_REPLY in a row at a scope open it for 30 s
 * (doubling to 10 min), then one probe. ERR_FORBIDDEN of scope shop or app sets that shop, or the
 * app's shops, to needs_person with the reason and refuses its calls (ERR_FORBIDDEN "needs_person")
 * until a person has set the shop's state to enabled or given a token (token_put).
 *
 * Call log: one structured line per call (log_event "call"): trace, task, shop, platform, stream,
 * method, host, path, status, code, class, ms, bytes, attempt, request_id; never a token, a query
 * string or personal data.
 *
 * Life cycle: gateway_open / gateway_close. Threads: any thread may send; a call belongs to the
 * thread that sent it until call_free. Under the test clock a call in flight is busy, whoever calls
 * takes part in the clock (clock_thread_enter), and only loopback addresses are called. */
#ifndef HUILIU_GATEWAY_GATEWAY_H
#define HUILIU_GATEWAY_GATEWAY_H

#include "base/base.h"
#include "connector/connector.h"
#include "coord/coord.h"
#include "crypt/crypt.h"
#include "store/store.h"

struct gateway;

enum {
    GATEWAY_HORIZON_MS = 200, /* longest wait for a turn inside a worker */
    CONNECT_TIMEOUT_MS = 10000,
    BREAKER_FAILURES = 10,
    CALLS_IN_FLIGHT_MAX = 256,
};

struct gateway_options {
    struct store *store;
    struct coord *coord;
    const struct keyring *keyring;
    uint64_t seed; /* jitter */
    /* Address of a forward proxy per platform, or empty; asked once per call. */
    struct str (*proxy_of)(void *context, struct str platform, int64_t shop_id);
    void *context;
};
enum err_class gateway_open(const struct gateway_options *options, struct gateway **out,
                            struct err *err);
/* Refuses new calls and ends those in flight with ERR_STOPPED. */
void gateway_stop(struct gateway *gateway);
void gateway_close(struct gateway *gateway);

/* What one call is about. Borrowed until call_wait returned. */
struct call_ask {
    const struct connector *connector;
    const struct endpoint *endpoint;
    const struct stream *stream; /* NULL: no list expected */
    struct facts facts;          /* token fields are filled by the gateway */
    int64_t task_id, attempt;
    struct budget_comer comer; /* where calls are short */
    struct str proxy;          /* per shop; empty: the platform's */
    /* The gateway's own: the call is about a token and not about the shop. Its token fields are
     * used as they are, the shop's breaker is not asked, and a refusal marks nobody: whoever
     * gets the token judges it. */
    bool of_token;
};
struct call;
/* ERR_LATER before anything was sent; otherwise a call that must be waited for and freed. */
enum err_class gateway_send(struct gateway *gateway, const struct call_ask *ask, struct call **out,
                            struct err *err);
/* Blocks until the reply is in or the time-out; on ERR_OK *page is the caller's (page_fini);
 * strings in it live in `arena`. *received_ms is the arrival. An expired token makes this send a
 * second time, so what gateway_send may answer (ERR_LATER …) can come from here too. Once per
 * call. */
enum err_class call_wait(struct call *call, struct arena *arena, struct page *page,
                         int64_t *received_ms, struct err *err);
void call_free(struct call *call);
/* Send and wait. */
enum err_class gateway_call(struct gateway *gateway, const struct call_ask *ask,
                            struct arena *arena, struct page *page, int64_t *received_ms,
                            struct err *err);

/* --- token keeper ---
 * One refresher per token. `refreshing` is committed before the call, the new pair before its
 * first use. After a crash in between: the stored refresh token is tried again, and when the
 * platform no longer knows it every shop that uses it is marked (needs_person). Tokens are
 * sealed in table `token`.
 *
 * Whose token: one consent may cover several accounts, and its rotating pair is then one token,
 * for two copies would kill each other at the first refresh. One shop owns the row "shop:N"; the
 * others point at it (shop.token_of), so that flight, lock, `dead` and mark are shared. One rule
 * decides who owns, whatever is authorised in which order: **a consent belongs to the shop that
 * was authorised with it.** In one transaction that shop gets a row of its own, every registered
 * shop of the same platform and app that the consent covers points at it and loses its own row,
 * and a shop that used one of the rows so replaced or removed, but is not covered, waits for a
 * person. So nobody points at a shop that points elsewhere, no pair has two copies, and no shop
 * uses a token that is not for it. A token given by hand belongs to its shop, and those that
 * pointed at this shop use it too. */
/* A token given by hand or from a consent. Replaces what is there and sets the owner's shops that
 * needed a person to enabled. ERR_CONFIG "token_text" for an empty or oversized one. */
enum err_class token_put(struct store *store, const struct keyring *keyring, struct str owner,
                         struct str access, struct str refresh, int64_t expires_ms,
                         int64_t refresh_expires_ms, int64_t now_ms, struct err *err);
/* The shop whose token this one uses: itself, or the one it points at. Says nothing about an app's
 * token. */
enum err_class token_shop_of(struct store *store, int64_t shop_id, int64_t *out, struct err *err);
/* Lets a shop use the token of another one from now on; its own is removed. Whether the consent
 * covers it is the caller's word: if not, the platform refuses and the shop is marked. */
enum err_class token_share(struct store *store, int64_t shop_id, int64_t with_shop_id,
                           struct err *err);
/* Part of removing a shop: its token goes. *users: how many other shops use it; where there are
 * any the caller gives the whole transaction up. */
enum err_class token_drop(struct tx *tx, int64_t shop_id, int64_t *users, struct err *err);

/* --- consent: authorising a shop with a code ---
 * consent_address gives the page that the shop's owner opens; its `state` is random and kept,
 * sealed, for ten minutes. consent_take is given the code and, where the whole address was
 * pasted, the state that came back: another one than was given out is refused, for it would be
 * somebody else's consent (ERR_USAGE "consent_state").
 *
 * Where the platform tells what a consent covers (`auth.accounts`) the shop's account must be
 * among it, else ERR_FORBIDDEN "consent_other" and nothing of the shop has changed. The new pair
 * is on disk before that question is asked with it; when the question fails, or the process
 * dies, the same command with the same code goes on with the stored pair within ten minutes.
 *
 * A code that the platform does not take (used, unknown, older than ten minutes) is
 * ERR_FORBIDDEN "code_dead"; a working token stays as it is. */
struct consent_account {
    struct str external_id, title; /* as the platform says; the title may be empty */
    struct str shop;               /* our name of it; empty: it is no shop here yet */
};
struct consent {
    struct consent_account *accounts; /* NULL: the platform does not tell */
    size_t accounts_len;
    struct str *left; /* shops that lost their token to this consent, which does not cover them */
    size_t left_len;
};
enum err_class consent_address(struct gateway *gateway, const struct connector *connector,
                               const struct facts *facts, struct arena *arena, struct str *out,
                               struct err *err);
/* facts->auth_code is the code; `state` may be empty. What *out holds lives in `arena`. */
enum err_class consent_take(struct gateway *gateway, const struct connector *connector,
                            const struct facts *facts, struct str state, struct arena *arena,
                            struct consent *out, struct err *err);
/* The same for a consent that was asked for without a shop, by somebody who keeps its state himself: facts are of the
 * app, and facts->shop.id is the app's id, negative. `choose` is shown what the consent covers, may make shops of it,
 * and fills in the shop that it is to belong to. ERR_USAGE "shop_needed" where the platform does not tell what a
 * consent covers. */
typedef enum err_class consent_choose(void *context, const struct consent_account *accounts,
                                      size_t accounts_len, struct facts *facts, struct err *err);
enum err_class consent_take_any(struct gateway *gateway, const struct connector *connector,
                                const struct facts *facts, consent_choose *choose, void *context,
                                struct arena *arena, struct consent *out, struct err *err);

/* --- counters since open --- */
struct gateway_counts {
    int64_t calls, ok, failed, throttled, retried, token_refreshes, bytes_in;
};
void gateway_counts_read(struct gateway *gateway, struct gateway_counts *out);

/* --- credentials of apps --- */
/* Of an app's row, as it is stored: facts.app.stored. A call that is refused for the app's sake while the row says otherwise was
 * made with credentials that a person has changed meanwhile: it is ERR_LATER "credentials_changed", and nobody is to blame. */
uint64_t app_stored_hash(struct str key, struct str secret_cipher);

/* --- shops that need a person (shop_state.c) --- */
/* As store_write, for whatever may change that: the transaction also says in events which shops need a person
 * since, and which are well again. */
enum err_class shops_write(struct store *store, store_work *work, void *context, struct err *err);
/* The same of one statement, whatever number of rows it changes. */
enum err_class shops_write_step(struct store *store, const struct step *step, struct err *err);

#endif
