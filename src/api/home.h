/* home: what the API does to apps, shops and syncs of the home it serves. app fills it, by the code of the command line:
 * what a person may do there he may do here, and nothing is done in two ways.
 *
 * Everything that changes something takes `also`: work of the same transaction, in which the caller writes who asked
 * for it. Texts that are handed out live in `arena`.
 *
 * Threads: any, several at once; each call works on its own copy of what is opened, with the apps and shops as they
 * are stored now. */
#ifndef HUILIU_API_HOME_H
#define HUILIU_API_HOME_H

#include "base/base.h"
#include "gateway/gateway.h"
#include "queue/queue.h"
#include "store/store.h"
#include "sync/sync.h"

struct api_also {
    store_work *work; /* NULL: nothing */
    void *context;
    bool wants_version; /* only where the shop has that version: else ERR_CONFLICT "precondition" */
    int64_t shop_version; /* coalesce(shop.version, 0) */
};

/* --- texts in two languages (app/messages.def) --- */
enum api_text {
    API_TEXT_COMPLETE,      /* 1 stream 2 until */
    API_TEXT_COMPLETE_OPEN, /* 1 stream 2 until 3 windows without proof */
    API_TEXT_NOTHING_YET,   /* 1 stream */
    API_TEXT_FILES,         /* 1 kind 2 as of */
    API_TEXT_WAIT_NOBODY,
    API_TEXT_WAIT_TURN,
    API_TEXT_WAIT_TIME, /* 1 until */
    API_TEXT_WAIT_PAUSED,
    API_TEXT_NEXT_UNPROVED,  /* 1 shop */
    API_TEXT_NEXT_DEAD,      /* 1 task */
    API_TEXT_NEXT_SHOP,      /* 1 shop */
    API_TEXT_NEXT_AUTHORIZE, /* 1 shop */
    API_TEXT_NEXT_EXPIRY,    /* 1 shop 2 when */
    API_TEXT_NEXT_LATE,      /* 1 shop 2 stream */
    API_TEXT_NEXT_REJECTS,   /* 1 shop */
    API_TEXT_NEXT_WORKER,
    API_TEXT_NEXT_BUDGET, /* 1 budget */
    API_TEXT_NEXT_DRIFT,  /* 1 shop */
    API_TEXTS
};
enum { API_TEXT_ARGS = 3 };

/* --- syncs --- */
struct api_words {
    const struct str *at;
    size_t len;
};
struct api_sync_wish {
    struct api_words shops, streams, ids; /* shops: numbers as "#ID" */
    struct str from, to, by;
    bool full;
    struct str asked_by;
};
struct api_sync_plan {
    struct sync_run rows;
    struct task_new *tasks;
    size_t tasks_len;
};

/* --- shops --- */
struct api_pair {
    struct str name, value;
};
struct api_app_wish {
    struct str platform, name, key, secret;
    const struct api_pair *settings;
    size_t settings_len;
};
struct api_shop_wish {
    struct str platform, app; /* adding only; app may be empty where there is one */
    struct str name, external_id, zone, since, proxy, token, person;
    bool has_zone, has_since, has_proxy, has_person,
        has_days;            /* editing: was given, perhaps empty */
    int64_t settlement_days; /* -1: unknown */
    const struct api_pair *settings;
    size_t settings_len;
};
/* A setting that an app or a shop has, or may have. */
struct api_setting {
    struct str name, value, en, zh; /* value empty where it is secret */
    bool secret, required, given, option;
    struct api_words words; /* what an option may be; empty: anything */
};
/* An option of the home, as `huiliu settings` shows it: secrets hidden. Its origin: "default", "huiliu.yaml", … */
struct api_option {
    struct str key, value, origin, en, zh;
    bool restart; /* what is changed holds from the next start on, not from SIGHUP on */
};
/* As `huiliu status` has it. Instants: 0: never. */
struct api_stream_status {
    struct str stream, table, grade, error;
    int64_t rows, open, sealed, unproved, rejects, decrypt;
    int64_t since_ms, frontier_ms, complete_ms, success_ms, every_ms;
    bool figures;
    bool files; /* a kind of files that were imported: its newest is as of frontier_ms; no proof */
};
struct api_platform {
    struct str name, error; /* error: why its manifest cannot be used, or empty */
    const struct connector *connector;
};
/* What a consent came to. */
struct api_consent {
    struct consent consent;
    struct str platform;
    int64_t shop_id; /* whose token it is */
};

struct api_hook {
    int64_t shop_id; /* 0: of an account that is no shop here */
    struct str digest, answer;
    struct str *ids;
    size_t ids_len;
    struct task_new task; /* where there is a shop */
};

struct api_home {
    /* The generation's; first argument of everything below. */
    void *context;

    void (*text)(void *context, enum api_text id, bool zh, const struct str *args, struct buf *out);
    void (*event_text)(void *context, const struct feed_line *line, bool zh, struct buf *out);

    /* Which shops and streams, and the tasks that it becomes; what a shop is refused for stands in its row. Nothing is
     * written. */
    enum err_class (*sync_plan)(void *context, const struct api_sync_wish *wish,
                                struct arena *arena, struct api_sync_plan *out, struct err *err);

    enum err_class (*app_add)(void *context, const struct api_app_wish *wish,
                              const struct api_also *also, int64_t *id, struct err *err);
    /* What is empty stays. ERR_NOT_FOUND "absent". */
    enum err_class (*app_rotate)(void *context, int64_t id, struct str key, struct str secret,
                                 const struct api_also *also, struct err *err);
    enum err_class (*shop_add)(void *context, const struct api_shop_wish *wish,
                               const struct api_also *also, int64_t *id, struct err *err);
    enum err_class (*shop_edit)(void *context, int64_t id, const struct api_shop_wish *wish,
                                const struct api_also *also, struct err *err);
    /* "enabled", "disabled". */
    enum err_class (*shop_state)(void *context, int64_t id, struct str state,
                                 const struct api_also *also, struct err *err);
    /* ERR_CONFLICT "shop_has_rows" unless with_rows, "shop_busy", "token_shared". */
    enum err_class (*shop_remove)(void *context, int64_t id, bool with_rows,
                                  const struct api_also *also, struct err *err);
    /* What it has and may have; secret values are left out. *error: why it cannot be called, or empty. */
    enum err_class (*shop_settings)(void *context, int64_t id, struct arena *arena,
                                    struct api_setting **out, size_t *len, struct str *error,
                                    struct err *err);
    /* What a platform needs of a shop, or of an app. */
    enum err_class (*needs)(void *context, struct str platform, bool of_app, struct arena *arena,
                            struct api_setting **out, size_t *len, struct err *err);
    enum err_class (*options)(void *context, struct arena *arena, struct api_option **out,
                              size_t *len, struct err *err);
    enum err_class (*platforms)(void *context, struct arena *arena, struct api_platform **out,
                                size_t *len, struct err *err);
    enum err_class (*streams)(void *context, int64_t shop_id, struct arena *arena,
                              struct api_stream_status **out, size_t *len, struct err *err);
    /* The evidence of a range as `huiliu prove` prints it; from and to may be empty. */
    enum err_class (*prove)(void *context, int64_t shop_id, struct str stream, struct str from,
                            struct str to, struct buf *out, struct err *err);

    /* --- webhooks --- Is the message the platform's (of an app, or of a shop of it), and what is to be asked for it?
     * Nothing is written. ERR_NOT_FOUND "webhook_none" where no manifest declares any. */
    enum err_class (*hook_read)(void *context, struct str platform, struct str owner,
                                struct str (*header)(void *request, struct str name), void *request,
                                struct str body, struct arena *arena, struct api_hook *out,
                                struct err *err);

    /* --- consents --- The consent page with this state; shop_id 0: for whatever shops the consent covers, which ERR_USAGE
     * "shop_needed" refuses where the platform does not tell. *app_id: the app that it is about. */
    enum err_class (*consent_address)(void *context, struct str platform, struct str app,
                                      int64_t shop_id, struct str state, struct arena *arena,
                                      struct str *url, int64_t *app_id, struct err *err);
    /* Takes the code; accounts that are no shops yet become shops where shop_id is 0. */
    enum err_class (*consent_take)(void *context, struct str platform, int64_t app_id,
                                   int64_t shop_id, struct str code, struct arena *arena,
                                   struct api_consent *out, struct err *err);
};

#endif
