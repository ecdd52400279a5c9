/* connector: a platform's manifest, compiled, and what follows from it: build a request, sign it,
 * read a reply, map its records. Pure: no I/O, no clock; time, nonce and secrets are handed in.
 * The language is docs/manifest.md. No platform's name appears in this room.
 *
 * Life cycle: connector_load compiles (and refuses a manifest whose signature example does not
 * reproduce); connector_free. A loaded connector is read-only: any thread. Results live in the
 * caller's arena, except a `struct page`, which owns its JSON document (page_fini); texts of rows and
 * rejects borrow from that document, so it lives until they are committed.
 *
 * The hot path (one page of a stream):
 *
 *     connector_request(connector, stream->request, &facts, false, arena, &request, err);
 *     … the gateway sends it …
 *     connector_read(connector, stream->request, stream, &facts, &reply, arena, &page, err);
 *     connector_map(connector, stream, &facts, &page, arena, &mapped, err);
 */
#ifndef HUILIU_CONNECTOR_CONNECTOR_H
#define HUILIU_CONNECTOR_CONNECTOR_H

#include "base/base.h"
#include "batch/batch.h"
#include "crypt/crypt.h"
#include "format/format.h"

struct connector;

/* --- what a request is made from: plain borrowed values --- */
struct setting {
    struct str name, value;
};
struct facts {
    struct {
        int64_t id;
        struct str name, external_id;
        const struct setting *settings;
        size_t settings_len;
    } shop;
    struct {
        int64_t id;
        struct str key, secret;
        const struct setting *settings;
        size_t settings_len;
        uint64_t stored; /* what they are stored as (app_stored_hash); 0: nobody looks */
    } app;
    struct str access_token, refresh_token, auth_code;
    struct {
        int64_t from_ms, to_ms; /* closed range */
        struct str by;          /* "updated" or "created": picks the stream's parameter pair */
    } window;
    struct {
        int64_t number; /* number pages: page to ask, starting at the manifest's first */
        int64_t size;
        struct str
            position;    /* cursor pages: what the last page gave; first page: manifest's `first` */
        bool total_only; /* ask with size 1: only the total matters */
    } page;
    const struct str *ids; /* fan-out, look-up by id, cipher texts to decrypt */
    size_t ids_len;
    const struct setting *options; /* per shop × stream: status filter, privacy number on/off … */
    size_t options_len;
    int64_t now_ms;   /* one clock reading per request */
    struct str nonce; /* 32 random hex digits */
    struct str
        base_url; /* replaces scheme, host and port of every URL; empty: the manifest's hosts */
    int64_t received_ms; /* arrival of the reply (map) */
    const struct map
        *decrypted;      /* cipher text -> plain (struct str *), for mapping again; may be NULL */
    struct str currency; /* shop's currency; empty: the manifest's */
    const struct zone
        *zone; /* shop's zone (used where the manifest says zone_of: shop); may be NULL */
};

/* --- the compiled parts that others read --- */
enum budget_scope { BUDGET_PLATFORM, BUDGET_APP, BUDGET_SHOP };

struct budget_rule {
    struct str name;
    enum budget_scope scope;
    bool window; /* fixed windows (pace evenly) instead of a bucket */
    int64_t calls, per_ms, burst;
};
struct budget_use {
    const struct budget_rule *rule;
    int64_t cost_milli;
};
struct retry_rule {
    int64_t tries_max; /* after the first */
    int64_t base_ms, cap_ms;
};

/* Anything that can be called: a stream's page, its size-1 total, a token grant, a decrypt batch. */
struct endpoint {
    struct str name; /* "orders", "auth.grant", "decrypt" */
    const struct budget_use *budgets;
    size_t budgets_len;
    bool needs_token;
    int64_t timeout_ms;
    int64_t body_bytes_max;
    const struct endpoint_plan *plan; /* private */
};

/* A shop's choice for a stream (facts.options). An empty value counts as not chosen. */
struct stream_option {
    struct str name, zh, en;
    const struct str *values; /* what may be chosen; none: anything */
    size_t values_len;
    struct str fallback; /* what holds without a choice, for people; may be empty */
};

enum page_kind { PAGES_NONE, PAGES_NUMBER, PAGES_CURSOR, PAGES_OFFSET, PAGES_KEYSET, PAGES_LINK };

struct stream {
    struct str name;
    const struct endpoint *request;
    const struct endpoint *by_id; /* look-up of single records by facts.ids, or NULL */
    int64_t by_id_max;            /* ids a call */
    const struct table *table;    /* its main table (tables[0]) */
    const struct table *const *tables;
    size_t tables_len;
    int64_t every_ms;
    struct {
        bool pull_by_updated;  /* has an update-time filter: pull windows use it */
        bool has_created;      /* has a creation-time filter: audit windows use it */
        int64_t span_ms;       /* longest window */
        int64_t audit_span_ms; /* span of audit windows */
        int64_t overlap_ms;    /* pull windows start this much before the frontier */
        int64_t lag_ms;        /* audit windows are mature this long after their end */
        int64_t pull_lag_ms;   /* how far behind now the newest pull window ends */
        int64_t history_ms;    /* reach of the platform; 90 d where it does not say */
        int64_t step_ms;       /* resolution of the filter: 1000 for unix seconds */
        int64_t count_max;     /* more than this cannot be paged: split (0: no cap) */
        int64_t total_cap;     /* the total is capped at this: split (0: exact) */
    } window;
    struct {
        enum page_kind kind;
        int64_t first, size;
        bool stable;   /* addressable and stable: several pages may be in flight */
        bool backward; /* last page first */
        bool has_total;
    } pages;
    const struct str *final_statuses;
    size_t final_statuses_len;
    const struct str *known_statuses;
    size_t known_statuses_len;
    const struct path *const *volatile_paths; /* left out of the record hash */
    size_t volatile_paths_len;
    const struct path *const *personal_paths; /* sealed inside the kept original */
    size_t personal_paths_len;
    const struct endpoint *decrypt; /* asked for cipher texts that map wants, or NULL */
    int64_t decrypt_batch_max;
    /* Rows whose status is not in final_statuses are asked again through by_id: at every pass, and only
     * daily where nothing changed for stale_ms. */
    struct {
        bool on;
        int64_t stale_ms;
    } revisit;
    /* A stream of figures has no windows of its own: it asks what `of`'s rows add up to over a range of
     * days (facts.window: first instant of the first and last instant of the last day). */
    struct {
        const struct stream *of; /* whose rows are asked about; NULL: a stream of windows */
        int64_t batch;           /* ids a call */
        int64_t span_days, close_days, mature_days, past_days, repeat_days;
        size_t lasts; /* column of of->table with hours (integer or decimal text), or SIZE_MAX */
        const struct table *day, *snapshot, *base; /* beside `table`, the latest life figures */
    } figures;
    const struct stream_option *options; /* what a shop may choose for this stream */
    size_t options_len;
    const struct zone *zone; /* of its times; the connector's unless the stream says otherwise */
    const struct stream_plan *plan; /* private */
};

/* --- loading --- */
/* `file` names it in messages; `catalog` resolves `table:`. ERR_CONFIG with FILE:LINE:COLUMN. */
enum err_class connector_load(struct str file, struct str text, const struct table_catalog *catalog,
                              struct connector **out, struct err *err);
void connector_free(struct connector *connector);
/* Manifests built into the program (connectors/NAME.yaml). */
const struct embedded_file *connector_builtin_files(void);

struct str connector_platform(const struct connector *connector);
struct str connector_title(const struct connector *connector, bool chinese);
const struct zone *connector_zone(const struct connector *connector);
struct str connector_currency(const struct connector *connector);
/* What people call a status of the platform's rows; the status itself where the manifest has no name for it. */
struct str connector_status_name(const struct connector *connector, struct str status);
size_t connector_streams(const struct connector *connector);
const struct stream *connector_stream_at(const struct connector *connector, size_t index);
const struct stream *connector_stream(const struct connector *connector, struct str name);
/* A platform that tells ads and no sales: its shops are accounts that pay for ads, not stores. */
bool connector_is_of_ads(const struct connector *connector);
/* The budgets of the manifest, or the one that a platform without any has. */
const struct budget_rule *connector_budgets(const struct connector *connector, size_t *len);
/* Never NULL: a class that a repetition cannot help has tries_max 0. */
const struct retry_rule *connector_retry(const struct connector *connector, enum err_class class_);
/* What an app and a shop need. An app's `key` and `secret` and a shop's `external_id` are the facts'
 * own fields; every other name is a setting of that app or shop (facts.app.settings, …). */
struct need {
    struct str name, zh, en;
    bool secret, required;
};
size_t connector_needs(const struct connector *connector, bool of_app, const struct need **out);
/* The schema that checks manifests: every key with its one-line help, for docs and completion. */
const struct yaml_schema *connector_manifest_schema(void);

/* --- authorisation --- */
enum grant_kind { GRANT_NONE, GRANT_CLIENT_CREDENTIAL, GRANT_AUTH_CODE, GRANT_BY_HAND };
struct auth {
    enum grant_kind grant;
    bool of_app; /* one token an app (client credential); else one a shop */
    const struct endpoint *obtain, *refresh; /* refresh may be NULL: obtain again */
    int64_t ahead_ms;                        /* refresh this long before it expires */
    bool rotates;                            /* the old refresh token dies at once */
    const struct endpoint *accounts;         /* lists what a consent covers, or NULL */
};
const struct auth *connector_auth(const struct connector *connector);
struct token_reply {
    struct str access, refresh; /* refresh empty: keep the old one */
    /* UTC ms, counted from facts.received_ms (now_ms where that is 0); 0: not said. */
    int64_t expires_ms, refresh_expires_ms;
};
/* An account that a consent covers: a shop may stand for it. */
struct account {
    struct str external_id, name; /* name may be empty */
};
/* The consent page's address for a shop (GRANT_AUTH_CODE). */
enum err_class connector_consent_url(const struct connector *connector, const struct facts *facts,
                                     struct arena *arena, struct str *out, struct err *err);

/* --- webhooks: what a platform tells by itself (webhook.c) ---
 * What a message says is not believed as data: it names records, and the platform is asked for them. */
struct webhook {
    const struct stream *stream; /* of the records that it names */
    struct str signature, time;  /* names of headers; time empty: none is sent */
    bool time_ms;                /* it is in milliseconds, else in seconds */
    int64_t tolerance_ms;        /* how far that time may be from now */
    struct str answer;           /* what the platform wants to hear */
};
/* NULL: its manifest declares none. */
const struct webhook *connector_webhook(const struct connector *connector);
/* What came. */
struct webhook_message {
    struct str signature, sent, body; /* sent: the header's text */
};
struct webhook_read {
    struct str shop; /* the platform's number of the account; empty: not said */
    struct str *ids;
    size_t ids_len;
};
enum { WEBHOOK_IDS_MAX = 200 };
/* ERR_FORBIDDEN "webhook_signature", "webhook_late"; ERR_BAD_REQUEST "webhook_body". Strings live in `arena`. */
enum err_class connector_webhook_read(const struct connector *connector, const struct facts *facts,
                                      const struct webhook_message *message, int64_t now_ms,
                                      struct arena *arena, struct webhook_read *out,
                                      struct err *err);

/* --- request --- */
struct request_header {
    struct str name, value;
    bool secret;
};
struct request {
    struct str method; /* GET, POST */
    struct str url;    /* absolute; its host is base_url's where one is set */
    struct request_header headers[24];
    size_t headers_len;
    struct str body; /* empty: none */
    /* For `connector trace`: the same with every secret as ***, and the string that was signed. */
    struct str url_shown, body_shown, signed_text_shown, signature_shown;
};
/* The bytes that are signed are the bytes that are sent. `shown` fills the *_shown fields too. */
enum err_class connector_request(const struct connector *connector, const struct endpoint *endpoint,
                                 const struct facts *facts, bool shown, struct arena *arena,
                                 struct request *out, struct err *err);

/* --- reply --- */
struct reply {
    int status; /* HTTP */
    const struct request_header *headers;
    size_t headers_len;
    struct str body; /* already unpacked (gzip) and bounded */
    int64_t received_ms;
};
enum page_next { PAGE_LAST, PAGE_MORE };
struct page {
    struct json_doc *doc;
    int64_t records;     /* in this page */
    int64_t total;       /* what the platform says there is in the window, -1: it does not say */
    enum page_next next; /* the manifest's word, never a short page */
    struct str position; /* cursor of the next page when PAGE_MORE (in the arena of the call) */
    int64_t last_number; /* number pages: the last page by the total, -1 unknown */
    bool repeated;       /* the cursor equals the one that was asked with */
    struct str request_id;
};
void page_fini(struct page *page);
/* Classifies first: anything but ERR_OK is the platform's refusal, with class, scope, the
 * platform's code, its message (cut, masked) and retry_at_ms where it says so. A reply without its
 * list is ERR_BAD_REPLY "list_missing"; non-JSON, truncated, wrong charset likewise with their codes.
 * `stream` NULL: an endpoint that has no list. */
enum err_class connector_read(const struct connector *connector, const struct endpoint *endpoint,
                              const struct stream *stream, const struct facts *facts,
                              const struct reply *reply, struct arena *arena, struct page *out,
                              struct err *err);
enum err_class connector_read_token(const struct connector *connector, const struct page *page,
                                    const struct facts *facts, struct arena *arena,
                                    struct token_reply *out, struct err *err);
/* The accounts of a reply of auth->accounts, those that the manifest's `when` keeps, in its order. Texts
 * are in the arena. ERR_BAD_REPLY "account_id" for one without a readable id. */
enum err_class connector_read_accounts(const struct connector *connector, const struct page *page,
                                       struct arena *arena, struct account **out, size_t *len,
                                       struct err *err);
/* Pairs cipher text -> plain of a decrypt reply, put into `plain` (map of struct str *). Cipher texts
 * the platform left out or failed stay unanswered. */
enum err_class connector_read_decrypted(const struct connector *connector,
                                        const struct stream *stream, const struct page *page,
                                        struct arena *arena, struct map *plain, struct err *err);

/* --- map --- */
struct unknown_value {
    struct str field, value;
};
struct mapped {
    /* One per table of the stream in its order, rows may be 0; behind them further ones of the tables
     * that have more than PAGE_RECORDS_MAX rows. */
    struct batch **batches;
    size_t batches_len;
    struct reject *rejects;
    size_t rejects_len;
    /* One per record of the page, accepted or rejected where an id could be read: id_hash of the
     * main key. Records without a readable id are not in here. */
    uint64_t *id_hashes;
    size_t id_hashes_len;
    size_t records_without_id;
    /* Personal cells that still hold the platform's cipher text. `online`: only the platform can open
     * it (ask stream->decrypt, then map again with facts.decrypted); otherwise opening it here failed
     * and the app secret should be checked. The cell's text is the cipher text. */
    struct cipher_cell {
        size_t batch, row, column;
        struct str cipher;
        bool online;
    } * ciphers;
    size_t ciphers_len;
    struct unknown_value *unknown; /* status values the manifest does not know; kept raw */
    size_t unknown_len;
};
enum err_class connector_map(const struct connector *connector, const struct stream *stream,
                             const struct facts *facts, const struct page *page,
                             struct arena *arena, struct mapped *out, struct err *err);
/* The same for one stored original (replay, rejects). */
enum err_class connector_map_record(const struct connector *connector, const struct stream *stream,
                                    const struct facts *facts, struct str record_json,
                                    struct arena *arena, struct mapped *out, struct json_doc **doc,
                                    struct err *err);

/* --- files that people hand in (connectors/files/NAME.yaml, docs/sheets.md) ---
 * A row of a sheet becomes a record like those of a reply, so that everything behind (map, rows, rejects, originals) is the
 * same: {"rows": [{"kind": "life-bookings", "line": 17, "file": "DIGEST", "sheet": "已预约", "same": 1,
 * "id": "…/…", "cells": {"order_id": "…", "退货原因": "…"}}]}. An original is one of these; its place in the file (line, file,
 * same) is not in its hash.
 * Rows that have no number of their own are known by what they say: ^.content is a digest of the file's kind and of what
 * all other fields became, and ^.nth ("nth": 2) its number among the rows of its file with that digest.
 * Columns that the manifest names have its names, the others their heading; what a field does not take stays in the
 * original. */
struct file_column {
    struct str name;
    const struct str *headers; /* as they are written in the manifest; the first is for people */
    size_t headers_len;
    bool required;
};
enum { FILE_COLUMNS_MAX = 128, FILE_SAME_MAX = 8 };
struct file_form {
    struct str kind;
    const struct str *platforms; /* none: any shop */
    size_t platforms_len;
    bool every_sheet;
    const struct str *skip; /* sheets whose name holds one of these */
    size_t skip_len;
    const struct file_column *columns;
    size_t columns_len;
    size_t same[FILE_SAME_MAX]; /* columns by which ^.same counts */
    size_t same_len;
    size_t id[FILE_SAME_MAX]; /* columns whose texts together are ^.id */
    size_t id_len;
    size_t shop; /* the column that names a row's shop; SIZE_MAX: none does */
    bool stores; /* not of accounts of ads */
    size_t
        content; /* column of its table that is ^.content; SIZE_MAX: rows have a key of their own */
    const struct stream *stream; /* whose rows it brings: for connector_map */
};
enum err_class connector_load_file(struct str file, struct str text,
                                   const struct table_catalog *catalog, struct connector **out,
                                   struct err *err);
/* NULL: a platform's manifest. */
const struct file_form *connector_file(const struct connector *connector);
const struct embedded_file *connector_builtin_forms(void);
/* Which column each heading is, or SIZE_MAX. ERR_BAD_REQUEST "header_missing" names what lacks, "header_twice". */
enum err_class connector_file_headers(const struct file_form *form, const struct str *headers,
                                      size_t headers_len, size_t *columns, struct err *err);
/* The column of the file that a field of its table is made of first, or empty. */
struct str connector_file_source(const struct connector *connector, struct str field);
const struct yaml_schema *connector_file_schema(void);

/* --- fixtures --- */
/* Runs a recorded reply through read and map and compares with what its NAME.expected.json says
 * (docs/manifest.md, "Fixtures"). ERR_BAD_REPLY "fixture" names the first difference; ERR_CONFIG when
 * the expectation itself cannot be read. */
enum err_class connector_fixture(const struct connector *connector, struct str reply_body,
                                 struct str expected_json, struct err *err);

#endif
