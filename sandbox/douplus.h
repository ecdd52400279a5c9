/* douplus: what the files of DOU+ share. douplus.c knows accounts and errors, douplus_token.c tokens
 * and consents, douplus_orders.c answers the order list, douplus_report.c the report;
 * douplus_order.c knows what an order is, douplus_figures.c what it brought, douplus_file.c reads
 * recorded ones; douplus_admin.c answers tests. Facts about the API are from the platform's documentation as the project keeps it;
 * where it is silent, docs/sandbox.md says what the sandbox assumes. */
#ifndef HUILIU_SANDBOX_DOUPLUS_H
#define HUILIU_SANDBOX_DOUPLUS_H

#include "format/format.h"
#include "sandbox/sandbox.h"

enum {
    DOUPLUS_ACCOUNTS_MAX = 64 /* of a recorded file */,
    DOUPLUS_TEXT_MAX = 64,
    DOUPLUS_TOKEN_MAX = 48,
    DOUPLUS_CONSENTS_MAX = 4096,
    DOUPLUS_ADS_MAX = 2,
    DOUPLUS_PAGE_SIZE_MAX = 100,
    DOUPLUS_REPLY_BYTES_MAX = 8 * 1024 * 1024,
    /* One (order, range) takes about 100 bytes; more are counted and not told apart. */
    DOUPLUS_ASKED_MAX = 1 << 20,
};

enum douplus_code {
    DOUPLUS_PARAMETER = 40000,
    DOUPLUS_SECRET = 40001,
    DOUPLUS_NO_PERMISSION = 40002,
    DOUPLUS_RATE = 40100,
    DOUPLUS_TOKEN_EXPIRED = 40102,
    DOUPLUS_REFRESH_EXPIRED = 40103,
    DOUPLUS_TOKEN_EMPTY = 40104,
    DOUPLUS_TOKEN_INVALID = 40105, /* also the answer of an unknown route */
    DOUPLUS_CODE_USED = 40115,
    DOUPLUS_BUSY = 50000,
};

enum douplus_status {
    UNPAID,
    AUDITING,
    AUDIT_REJECTED,
    OFFLINE_AUDIT,
    TIME_NO_REACH,
    DELIVERING,
    UNDELIVERIED,
    DELIVERIED,
    AUDIT_PAUSE,
    WAIT_TO_START,
    DOUPLUS_STATUSES
};

extern const struct world_kind douplus_kind;
extern const char *const douplus_statuses[DOUPLUS_STATUSES];

/* What a report adds up, in this order; the last one is served only as a rate of the plays. */
enum douplus_figure {
    FIGURE_COST,
    FIGURE_PLAY,
    FIGURE_LIKE,
    FIGURE_COMMENT,
    FIGURE_SHARE,
    FIGURE_FOLLOW,
    FIGURE_HOME_VISITED,
    FIGURE_CONVERT,
    FIGURE_SHOW,
    FIGURE_LIVE_CLICK,
    FIGURE_LIVE_GIFT_USERS,
    FIGURE_LIVE_GIFT_AMOUNT,
    FIGURE_LIVE_COMMENT,
    FIGURE_LIVE_FOLLOW,
    FIGURE_LIVE_GIFT,
    FIGURE_PLAY_5S,
    DOUPLUS_FIGURES
};
/* By the API's names. */
extern const char *const douplus_figure_names[DOUPLUS_FIGURES];

struct douplus_figures {
    int64_t of[DOUPLUS_FIGURES]; /* money in fen */
    int64_t rate_ppm;            /* play_duration_5s_rank in millionths */
};

/* What a recorded order carries beyond its id and creation. */
struct douplus_recorded {
    uint64_t item;
    struct str title;
    const char *status;
    int64_t budget_fen;
    struct douplus_figures figures;
};

struct douplus_account {
    char sec_uid[DOUPLUS_TEXT_MAX], name[DOUPLUS_TEXT_MAX];
    uint64_t token_generation; /* of the token given by hand */
    /* Of recorded accounts, by order number; NULL: generated. */
    struct douplus_recorded *recorded;
    uint64_t *ids;
};

/* What a person agreed to: accounts, and the one pair of tokens that rotates for all of them. */
struct douplus_consent {
    uint32_t number; /* from 1 */
    uint32_t *shops;
    size_t shops_len;
    char code[DOUPLUS_TOKEN_MAX], access[DOUPLUS_TOKEN_MAX], refresh[DOUPLUS_TOKEN_MAX];
    int64_t code_dies_ms, access_dies_ms, refresh_dies_ms;
    bool code_used, access_revoked;
    uint64_t pairs, refreshes;
};

struct douplus {
    pthread_mutex_t lock;             /* token generations, consents, asked */
    struct douplus_account *accounts; /* by shop index */
    struct arena texts;               /* of the recorded file */
    size_t file_accounts_len;
    char app_key[24], app_secret[40];
    struct douplus_consent *consents;
    size_t consents_len, consents_room;
    struct map asked; /* struct asked_key -> times, see douplus_admin.c */
    struct arena asked_keys;
    uint64_t asked_left_out;
};

/* An order as it stands, in the platform's words. */
struct douplus_facts {
    uint64_t task, item; /* item 0: a live room without a video */
    struct str title;
    const char *status;
    int64_t budget_fen;
    unsigned renewals, hours, ads;
    bool live;
};

/* A time in which an order delivers, and what it spends there. */
struct douplus_stretch {
    uint32_t from_s, to_s;
    int64_t fen;
};

/* Of douplus.c. */
struct douplus_account *douplus_account_of(struct platform *platform, const struct shop *shop);
struct shop *douplus_shop_named(struct platform *platform, struct str sec_uid);
uint64_t douplus_advertiser_id(const struct shop *shop);
/* "code":…,"message":…,"request_id":… and the end of the reply. */
/* Behind the list of a page: which page this is, of how many, and the tail. */
void douplus_write_page_info(const struct call *call, const struct list_page *page,
                             struct buf *out);
void douplus_write_tail(const struct call *call, int code, struct str message, struct buf *out);
void douplus_error(struct call *call, enum douplus_code code, struct str message);

/* Of douplus_token.c. */
void douplus_tokens_init(struct platform *platform);
void douplus_tokens_fini(struct douplus *douplus);
/* True: the token is right for the shop that the call names. False: the call has been refused. */
bool douplus_call_allowed(struct call *call);
/* The token of the start line. */
void douplus_token_given(struct platform *platform, const struct shop *shop, char out[]);
bool douplus_token_revoke(struct platform *platform, const struct http_request *request);
void douplus_tokens_revoke_all(struct platform *platform);
void douplus_token_serve(struct call *call);
void douplus_refresh_serve(struct call *call);
void douplus_advertisers_serve(struct call *call);
bool douplus_consent_covers(const struct douplus_consent *consent, const struct shop *shop);

/* Of douplus_orders.c. */
void douplus_orders_serve(struct call *call);
/* page and page_size into the call; NULL: good, else what is wrong. */
const char *douplus_page_read(struct call *call);
/* A list of at most `max` JSON numbers; absent is fine and leaves *given false, as an empty one. */
bool douplus_ids_read(const struct json *list, uint64_t ids[], size_t max, size_t *len,
                      bool *given);
bool douplus_id_listed(const uint64_t *ids, size_t len, uint64_t id);
/* Both ends, inclusive, in Beijing time; a date alone as the end means its last second. Absent is
 * fine and leaves both as they are. */
bool douplus_window_read(const struct json *window, struct str from_key, struct str to_key,
                         uint32_t *from_s, uint32_t *to_s);

/* Of douplus_report.c. */
void douplus_report_serve(struct call *call);
/* A date as its number of days since the epoch; and where that day starts in Beijing. */
bool douplus_day_read(struct str text, uint32_t *day);
uint32_t douplus_day_start_s(uint32_t day);

/* Of douplus_admin.c. */
admin_handler douplus_figures_serve, douplus_asked_serve;
admin_handler douplus_consent_serve, douplus_withdraw_serve;
void douplus_write_counts(struct platform *platform, struct buf *out);
/* The report that `call` asked for, about these orders. */
void douplus_asked_count(struct call *call, const uint64_t *orders, size_t orders_len);

/* Of douplus_order.c. */
void douplus_facts_of(struct platform *platform, const struct shop *shop,
                      const struct order_view *view, struct douplus_facts *out);
/* Where a generated order delivers, whatever the time; at most ORDER_STEPS_MAX, 0: never. */
size_t douplus_stretches_of(const struct order_view *view, struct douplus_stretch out[]);
uint64_t douplus_ad_id(const struct order_view *view, unsigned ad);
void douplus_write_order(struct platform *platform, const struct shop *shop,
                         const struct order_view *view, struct buf *out);
void douplus_write_item_id(uint64_t item, struct buf *out);
void douplus_write_truth(struct platform *platform, struct shop *shop,
                         const struct order_view *view, struct buf *out);

/* Of douplus_figures.c. */
/* Whether a report of now_s has rows of the order: it has begun to deliver. */
bool douplus_delivered(struct platform *platform, const struct shop *shop,
                       const struct order_view *view, uint32_t now_s);
/* What one ad brought in [from_s, to_s), as the platform counts it at now_s. */
void douplus_figures_of(struct platform *platform, const struct shop *shop,
                        const struct order_view *view, unsigned ad, uint32_t from_s, uint32_t to_s,
                        uint32_t now_s, struct douplus_figures *out);
/* custom_convert_cost: fen a conversion, half-even; 0 when there is none. */
int64_t douplus_convert_cost(const struct douplus_figures *figures);
/* "0.1234": at most six decimals, none that is a needless zero. */
enum { DOUPLUS_RATE_MAX = 24 };
void douplus_rate_text(int64_t rate_ppm, char out[DOUPLUS_RATE_MAX]);

/* Of douplus_file.c. */
/* Makes a shop of each account of the file, first of all shops. ERR_CONFIG names what is wrong. */
enum err_class douplus_file_load(struct platform *platform, const struct options *options,
                                 struct err *err);

#endif
