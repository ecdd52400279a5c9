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
 * "token_dead", "needs_person"; ERR_TOKEN_EXPIRED "token_refused" (a brand-new token was refused, so
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
    struct str proxy; /* per shop; empty: the platform's */
};
struct call;
/* ERR_LATER before anything was sent; otherwise a call that must be waited for and freed. */
enum err_class gateway_send(struct gateway *gateway, const struct call_ask *ask, struct call **out,
                            struct err *err);
/* Blocks until the reply is in or the time-out; on ERR_OK *page is the caller's (page_fini); strings
 * in it live in `arena`. *received_ms is the arrival. An expired token makes this send a second time,
 * so what gateway_send may answer (ERR_LATER …) can come from here too. Once per call. */
enum err_class call_wait(struct call *call, struct arena *arena, struct page *page,
                         int64_t *received_ms, struct err *err);
void call_free(struct call *call);
/* Send and wait. */
enum err_class gateway_call(struct gateway *gateway, const struct call_ask *ask,
                            struct arena *arena, struct page *page, int64_t *received_ms,
                            struct err *err);

/* --- token keeper ---
 * One refresher per token. `refreshing` is committed before the call, the new pair before its first
 * use. After a crash in between: the stored refresh token is tried again, and when the platform no
 * longer knows it the shop is marked (needs_person). Tokens are sealed in table `token`. */
/* A token given by hand or from a consent. Replaces what is there and sets the owner's shops that
 * needed a person to enabled. ERR_CONFIG "token_text" for an empty or oversized one. */
enum err_class token_put(struct store *store, const struct keyring *keyring, struct str owner,
                         struct str access, struct str refresh, int64_t expires_ms,
                         int64_t refresh_expires_ms, int64_t now_ms, struct err *err);
/* Exchanges a pasted code for tokens and stores them. */
enum err_class token_exchange(struct gateway *gateway, const struct connector *connector,
                              const struct facts *facts, struct err *err);

/* --- counters since open --- */
struct gateway_counts {
    int64_t calls, ok, failed, throttled, retried, token_refreshes, bytes_in;
};
void gateway_counts_read(struct gateway *gateway, struct gateway_counts *out);

#endif
