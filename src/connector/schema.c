/* The manifest's schema: which keys there are, of what type, with one line of help each. What stands
 * here is checked by yaml_check and printed by `connector docs`; docs/manifest.md explains it. */
#include "connector/loader.h"

/* A key whose place in the grammar is settled and whose mechanism is not built. */
const struct yaml_schema schema_reserved = {.type = YAML_T_ANY, .name = "reserved"};

#define RESERVED "reserved; not built yet"

static const struct yaml_schema text = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema flag = {.type = YAML_T_BOOL, .name = "flag"};
static const struct yaml_schema duration = {.type = YAML_T_DURATION, .name = "duration"};
static const struct yaml_schema decimal = {.type = YAML_T_DECIMAL, .name = "decimal"};
static const struct yaml_schema any = {.type = YAML_T_ANY, .name = "value"};
static const struct yaml_schema count = {
    .type = YAML_T_INT, .name = "count", .min = 0, .max = INT64_MAX};
static const struct yaml_schema positive = {
    .type = YAML_T_INT, .name = "positive", .min = 1, .max = INT64_MAX};
static const struct yaml_schema integer = {.type = YAML_T_INT, .name = "integer"};
static const struct yaml_schema texts = {.type = YAML_T_LIST, .name = "texts", .each = &text};
static const struct yaml_schema text_map = {.type = YAML_T_NAMED, .name = "texts", .each = &text};
static const struct yaml_schema values = {.type = YAML_T_NAMED, .name = "values", .each = &any};

static const struct yaml_schema *const text_or_texts_forms[] = {&text, &texts, NULL};
static const struct yaml_schema text_or_texts = {
    .type = YAML_T_EITHER, .name = "text or texts", .either = text_or_texts_forms};

static const char *const place_words[] = {"query", "form", "json", NULL};
static const struct yaml_schema sign_place = {
    .type = YAML_T_WORD, .name = "place", .words = place_words};
static const struct yaml_schema sign_places = {
    .type = YAML_T_LIST, .name = "places", .each = &sign_place};
static const char *const scope_words[] = {"record", "request", "shop", "app", "platform", NULL};
static const struct yaml_schema error_scope = {
    .type = YAML_T_WORD, .name = "scope", .words = scope_words};
static const struct yaml_schema budget_scope = {
    .type = YAML_T_WORD, .name = "scope", .words = scope_words + 2};
static const char *const error_words[] = {
    "retry",     "throttled", "token_expired", "forbidden",   "bad_request",
    "bad_reply", "not_ready", "split_window",  "skip_record", NULL};
static const struct yaml_schema error_class = {
    .type = YAML_T_WORD, .name = "class", .words = error_words};
static const char *const money_words[] = {"minor", "major", NULL};
static const struct yaml_schema money_unit = {
    .type = YAML_T_WORD, .name = "unit", .words = money_words};
static const char *const owner_words[] = {"platform", "shop", NULL};
static const struct yaml_schema zone_owner = {
    .type = YAML_T_WORD, .name = "owner", .words = owner_words};

/* --- names, needs --- */
static const struct yaml_key name_keys[] = {
    {"zh", &text, true, "in Chinese"},
    {"en", &text, true, "in English"},
    {0},
};
static const struct yaml_schema names = {.type = YAML_T_MAP, .name = "name", .keys = name_keys};
static const struct yaml_key need_keys[] = {
    {"name", &text, true, "key, secret, external_id, or the name of a setting"},
    {"zh", &text, false, "what it is, in Chinese"},
    {"en", &text, false, "what it is, in English"},
    {"secret", &flag, false, "never shown; default false"},
    {"required", &flag, false, "default true"},
    {0},
};
static const struct yaml_schema need = {.type = YAML_T_MAP, .name = "need", .keys = need_keys};
static const struct yaml_schema need_list = {.type = YAML_T_LIST, .name = "needs", .each = &need};
static const struct yaml_key owner_keys[] = {
    {"needs", &need_list, true, "what a person must give"},
    {0},
};
static const struct yaml_schema owner = {.type = YAML_T_MAP, .name = "owner", .keys = owner_keys};

/* --- requests --- */
static const struct yaml_schema budget_costs = {
    .type = YAML_T_NAMED, .name = "budgets", .each = &decimal};
static const struct yaml_schema *const budget_use_forms[] = {&text, &budget_costs, NULL};
static const struct yaml_schema budget_use = {
    .type = YAML_T_EITHER, .name = "budget", .either = budget_use_forms};
#define REQUEST_KEYS                                                                               \
    {"get", &text, false, "path below the host, or a whole URL; a template"},                      \
        {"post", &text, false, "the same, sent with POST"},                                        \
        {"host", &text, false, "one of `hosts`; default: the first"},                              \
        {"query", &values, false, "parameters of the address; maps and lists become JSON text"},   \
        {"form", &values, false, "parameters of a form body"},                                     \
        {"json", &values, false, "members of a JSON body"},                                        \
        {"headers", &text_map, false, "request headers"},                                          \
        {"budget", &budget_use, false, "a budget's name, or {name: cost}"},                        \
        {"token", &flag, false, "false: the call carries no token"},                               \
        {"sign", &flag, false, "false: the call is not signed"},                                   \
        {"timeout", &duration, false, "of the whole call; default 30s"},                           \
    {                                                                                              \
        "body_max", &positive, false, "bytes of a reply, unpacked; default 16777216"               \
    }
static const struct yaml_key request_keys[] = {REQUEST_KEYS, {0}};
static const struct yaml_schema request = {
    .type = YAML_T_MAP, .name = "request", .keys = request_keys};
static const struct yaml_key by_id_keys[] = {
    REQUEST_KEYS,
    {"max", &positive, true, "ids a call"},
    {0},
};
static const struct yaml_schema by_id = {.type = YAML_T_MAP, .name = "by_id", .keys = by_id_keys};

/* --- reply, errors --- */
static const char *const reply_format_words[] = {"json", "csv", "tsv", "xml", NULL};
static const struct yaml_schema reply_format = {
    .type = YAML_T_WORD, .name = "format", .words = reply_format_words};
static const struct yaml_key reply_keys[] = {
    {"format", &reply_format, false, "json; csv, tsv and xml are " RESERVED},
    {"envelope", &text, false, "path below which records, totals and cursors are looked for"},
    {"code", &text_or_texts, false, "places of the code; the first that is no success wins"},
    {"success", &text, true, "predicate over code, message, http, body.*, header.*"},
    {"message", &text_or_texts, false, "places of the message"},
    {"request_id", &text_or_texts, false, "places of the platform's trace id"},
    {0},
};
static const struct yaml_schema reply = {.type = YAML_T_MAP, .name = "reply", .keys = reply_keys};
static const struct yaml_key error_keys[] = {
    {"when", &text, true, "predicate over code, message, http, body.*, header.*"},
    {"class", &error_class, true, "what it means"},
    {"scope", &error_scope, false, "how far it reaches; the default follows from the class"},
    {"retry_after", &text, false, "a duration, or a template that gives seconds"},
    {0},
};
static const struct yaml_schema error = {.type = YAML_T_MAP, .name = "error", .keys = error_keys};
static const struct yaml_schema errors = {.type = YAML_T_LIST, .name = "errors", .each = &error};

/* --- auth --- */
static const char *const grant_words[] = {"client_credential", "auth_code", "by_hand", NULL};
static const struct yaml_schema grant = {
    .type = YAML_T_WORD, .name = "grant", .words = grant_words};
static const struct yaml_schema token_of = {
    .type = YAML_T_WORD, .name = "of", .words = (const char *const[]){"app", "shop", NULL}};
static const char *const instant_words[] = {"unix", "unix_ms", "any", NULL};
static const struct yaml_schema instant_form = {
    .type = YAML_T_WORD, .name = "form", .words = instant_words};
static const struct yaml_key instant_keys[] = {
    {"from", &text, true, "its path"},
    {"form", &instant_form, true, "unix, unix_ms or any"},
    {0},
};
static const struct yaml_schema instant_map = {
    .type = YAML_T_MAP, .name = "instant", .keys = instant_keys};
static const struct yaml_schema *const instant_forms[] = {&text, &instant_map, NULL};
static const struct yaml_schema instant = {
    .type = YAML_T_EITHER, .name = "instant", .either = instant_forms};
static const struct yaml_key token_keys[] = {
    {"access", &text, true, "path of the token"},
    {"refresh", &text, false, "path of the refresh token"},
    {"expires_in", &text, false, "path of its life in seconds"},
    {"expires_at", &instant, false, "path of the instant at which it ends"},
    {"refresh_expires_in", &text, false, "path of the refresh token's life in seconds"},
    {"refresh_expires_at", &instant, false, "path of the instant at which that ends"},
    {0},
};
static const struct yaml_schema token = {.type = YAML_T_MAP, .name = "read", .keys = token_keys};
static const struct yaml_key accounts_keys[] = {
    REQUEST_KEYS,
    {"records", &text, true, "path of the list"},
    {"id", &text, true, "path of a shop's external_id below a record"},
    {"name", &text_or_texts, false, "path of its name; the first that is there"},
    {"when", &text, false, "predicate over record.*: which of them may be shops; default: all"},
    {0},
};
static const struct yaml_schema accounts = {
    .type = YAML_T_MAP, .name = "accounts", .keys = accounts_keys};
static const struct yaml_key auth_keys[] = {
    {"grant", &grant, true, "client_credential, auth_code or by_hand"},
    {"of", &token_of, true, "whose the token is: app or shop"},
    {"put", &text, true, "place where calls carry it: header.NAME, query.NAME, …"},
    {"put_as", &text, false, "default \"{token.access}\""},
    {"ahead", &duration, false, "refresh this long before it expires; default 5m"},
    {"rotates", &flag, false, "true: the old refresh token dies at once"},
    {"obtain", &request, false, "the request that gives the first token"},
    {"refresh", &request, false, "the request that renews it; absent: obtain again"},
    {"read", &token, false, "where the reply holds what"},
    {"consent", &request, false, "the page on which a shop's owner agrees"},
    {"accounts", &accounts, false, "the request that lists what a consent covers"},
    {0},
};
static const struct yaml_schema auth = {.type = YAML_T_MAP, .name = "auth", .keys = auth_keys};

/* --- sign --- */
static const char *const sort_words[] = {"key", "pair", "none", NULL};
static const struct yaml_schema sort = {.type = YAML_T_WORD, .name = "sort", .words = sort_words};
static const char *const digest_words[] = {"md5",       "sha1",        "sha256", "hmac-md5",
                                           "hmac-sha1", "hmac-sha256", NULL};
static const struct yaml_schema digest = {
    .type = YAML_T_WORD, .name = "digest", .words = digest_words};
static const char *const encode_words[] = {"HEX", "hex", "base64", NULL};
static const struct yaml_schema encode = {
    .type = YAML_T_WORD, .name = "encode", .words = encode_words};
static const struct yaml_key credential_keys[] = {
    {"key", &text, false, "the app's key"},
    {"secret", &text, true, "the app's secret"},
    {0},
};
static const struct yaml_schema credential = {
    .type = YAML_T_MAP, .name = "app", .keys = credential_keys};
static const struct yaml_key example_keys[] = {
    {"source", &text, true, "where it was published"},
    {"app", &credential, true, "the example's credentials"},
    {"params", &text_map, false, "all parameters, as texts"},
    {"path", &text, false, "the path"},
    {"body", &text, false, "the body"},
    {"now", &count, false, "the clock, UTC ms"},
    {"sent", &text, false, "of a webhook: its time header"},
    {"sign", &text, true, "the signature that must come out"},
    {0},
};
static const struct yaml_schema example = {
    .type = YAML_T_MAP, .name = "example", .keys = example_keys};
static const struct yaml_key sign_keys[] = {
    {"of", &sign_places, false, "which parameters: query, form, json; default query and form"},
    {"add", &text_map, false, "parameters put beside the signature, before signing"},
    {"only", &texts, false, "just these names"},
    {"except", &texts, false, "all but these names"},
    {"drop_empty", &flag, false, "leave empty values out of the text"},
    {"sort", &sort, false, "key, pair or none; default key"},
    {"each", &text, false, "one parameter; default \"{key}{value}\""},
    {"join", &text, false, "between parameters; default nothing"},
    {"text", &text, true, "what is digested: {pairs}, {path}, {body}, {app.secret} …"},
    {"digest", &digest, true, "md5, sha1, sha256 or hmac-…"},
    {"key", &text, false, "of an HMAC"},
    {"encode", &encode, true, "HEX, hex or base64"},
    {"put", &text, true, "place of the signature"},
    {"example", &example, true, "a published one that must reproduce"},
    {0},
};
static const struct yaml_schema sign = {.type = YAML_T_MAP, .name = "sign", .keys = sign_keys};

/* --- budgets, retry --- */
static const char *const budget_kind_words[] = {"bucket", "window", NULL};
static const struct yaml_schema budget_kind = {
    .type = YAML_T_WORD, .name = "kind", .words = budget_kind_words};
static const char *const confidence_words[] = {"H", "M", "L", NULL};
static const struct yaml_schema confidence = {
    .type = YAML_T_WORD, .name = "confidence", .words = confidence_words};
static const struct yaml_key budget_keys[] = {
    {"scope", &budget_scope, true, "platform, app or shop"},
    {"rate", &text, true, "calls per duration: 20/1s"},
    {"burst", &positive, false, "default: the calls of the rate"},
    {"kind", &budget_kind, false, "bucket (default) or fixed window"},
    {"confidence", &confidence, false, "H official, M third party, L memory"},
    {0},
};
static const struct yaml_schema budget = {
    .type = YAML_T_MAP, .name = "budget", .keys = budget_keys};
static const struct yaml_schema budgets = {
    .type = YAML_T_NAMED, .name = "budgets", .each = &budget};
static const struct yaml_key retry_rule_keys[] = {
    {"tries", &count, false, "after the first; default 3"},
    {"base", &duration, false, "first wait; default 1s"},
    {"cap", &duration, false, "longest wait; default 60s"},
    {0},
};
static const struct yaml_schema retry_rule = {
    .type = YAML_T_MAP, .name = "retry", .keys = retry_rule_keys};
static const struct yaml_key retry_keys[] = {
    {"retry", &retry_rule, false, "passing faults"},
    {"throttled", &retry_rule, false, "too often"},
    {"token_expired", &retry_rule, false, "after the refresh that the gateway makes itself"},
    {"bad_reply", &retry_rule, false, "answers that cannot be"},
    {"not_ready", &retry_rule, false, "report jobs that still run"},
    {0},
};
static const struct yaml_schema retry = {.type = YAML_T_MAP, .name = "retry", .keys = retry_keys};

/* --- ciphers --- */
static const char *const cipher_words[] = {"aes-256-cbc", NULL};
static const struct yaml_schema cipher_kind = {
    .type = YAML_T_WORD, .name = "cipher", .words = cipher_words};
static const struct yaml_schema key_bytes = {
    .type = YAML_T_INT, .name = "bytes", .min = CIPHER_KEY_BYTES, .max = CIPHER_KEY_BYTES};
static const struct yaml_key cipher_key_keys[] = {
    {"of", &text, true, "a template"},
    {"fit", &key_bytes, false, "bring it to this length at both ends in turn, the left one first"},
    {"fill", &text, false, "the character that lengthens it; default #"},
    {0},
};
static const struct yaml_schema cipher_key = {
    .type = YAML_T_MAP, .name = "key", .keys = cipher_key_keys};
static const char *const side_words[] = {"left", "right", NULL};
static const struct yaml_schema side = {.type = YAML_T_WORD, .name = "iv", .words = side_words};
static const struct yaml_key cipher_local_keys[] = {
    {"cipher", &cipher_kind, true, "aes-256-cbc: PKCS#7, Base64 text"},
    {"key", &cipher_key, true, "what the key is made from"},
    {"iv", &side, true, "which 16 bytes of the key"},
    {0},
};
static const struct yaml_schema cipher_local = {
    .type = YAML_T_MAP, .name = "local", .keys = cipher_local_keys};
static const struct yaml_key cipher_online_keys[] = {
    {"prefix", &text, true, "how texts begin that only the platform can open"},
    {"max", &positive, true, "cipher texts a call"},
    {"request", &request, true, "asks for {ids}"},
    {"records", &text, true, "path of the answers"},
    {"cipher", &text, true, "path of the cipher text in an answer"},
    {"plain", &text, true, "path of the plain text in an answer"},
    {0},
};
static const struct yaml_schema cipher_online = {
    .type = YAML_T_MAP, .name = "online", .keys = cipher_online_keys};
static const struct yaml_key cipher_keys[] = {
    {"local", &cipher_local, false, "how it is opened here"},
    {"online", &cipher_online, false, "how the platform opens it"},
    {0},
};
static const struct yaml_schema cipher = {
    .type = YAML_T_MAP, .name = "cipher", .keys = cipher_keys};
static const struct yaml_schema ciphers = {
    .type = YAML_T_NAMED, .name = "ciphers", .each = &cipher};

/* --- fields --- */
static const char *const field_type_words[] = {"id",   "text", "int",  "money",    "ratio",
                                               "time", "bool", "json", "personal", NULL};
static const struct yaml_schema field_type = {
    .type = YAML_T_WORD, .name = "type", .words = field_type_words};
static const char *const nothing_words[] = {"keep", "gone", "reject", NULL};
static const struct yaml_schema nothing = {
    .type = YAML_T_WORD, .name = "absent", .words = nothing_words};
static const struct yaml_schema zero = {
    .type = YAML_T_WORD, .name = "zero", .words = (const char *const[]){"absent", NULL}};
static const struct yaml_key source_keys[] = {
    {"path", &text, true, "where it is"},
    {"cipher", &text, true, "one of `ciphers`"},
    {0},
};
static const struct yaml_schema source_map = {
    .type = YAML_T_MAP, .name = "source", .keys = source_keys};
static const struct yaml_schema *const source_forms[] = {&text, &source_map, NULL};
static const struct yaml_schema source = {
    .type = YAML_T_EITHER, .name = "source", .either = source_forms};
static const struct yaml_schema sources = {.type = YAML_T_LIST, .name = "sources", .each = &source};
static const struct yaml_schema *const from_forms[] = {&text, &source_map, &sources, NULL};
static const struct yaml_schema from = {
    .type = YAML_T_EITHER, .name = "from", .either = from_forms};
static const struct yaml_key field_keys[] = {
    {"from", &from, false, "path or paths; the first that holds something counts"},
    {"const", &text, false, "a fixed value instead"},
    {"as", &field_type, false, "the column's type, repeated for readers"},
    {"key", &flag, false, "part of the table's key, repeated for readers"},
    {"absent", &nothing, false, "what no value means: keep, gone, reject; default keep"},
    {"empty", &nothing, false, "what null, empty text and an absent zero mean; default: as absent"},
    {"default", &text, false, "stands in for both"},
    {"zero", &zero, false, "absent: 0 means that there is nothing"},
    {"unit", &money_unit, false, "of money; default: the manifest's"},
    {"round", &flag, false, "money: round half-even instead of refusing fractions"},
    {"min", &integer, false, "refuse numbers below it"},
    {"max", &integer, false, "refuse numbers above it"},
    {"form", &text, false, "of time: unix, unix_ms, any or a pattern; of text: day, line"},
    {"values", &text_map, false, "raw value: value"},
    {"words", &text_map, false,
     "raw value: word; a value without one is counted, and what stood there is taken back"},
    {"known", &texts, false, "values that are known; others are kept and counted"},
    {"names", &text_map, false, "value: what people call it"},
    {0},
};
static const struct yaml_schema field_map = {
    .type = YAML_T_MAP, .name = "field", .keys = field_keys};
static const struct yaml_schema *const field_forms[] = {&text, &field_map, NULL};
static const struct yaml_schema field = {
    .type = YAML_T_EITHER, .name = "field", .either = field_forms};
static const struct yaml_schema fields = {.type = YAML_T_NAMED, .name = "fields", .each = &field};
static const struct yaml_key table_keys[] = {
    {"records", &text, true, "path below the record"},
    {"fields", &fields, true, "column: where it comes from"},
    {0},
};
static const struct yaml_schema table = {.type = YAML_T_MAP, .name = "table", .keys = table_keys};
static const struct yaml_schema tables = {.type = YAML_T_NAMED, .name = "tables", .each = &table};

/* --- streams --- */
static const char *const by_words[] = {"updated", "created", NULL};
static const struct yaml_schema by = {.type = YAML_T_WORD, .name = "by", .words = by_words};
static const struct yaml_schema bys = {.type = YAML_T_LIST, .name = "by", .each = &by};
static const struct yaml_schema *const by_forms[] = {&by, &bys, NULL};
static const struct yaml_schema by_any = {.type = YAML_T_EITHER, .name = "by", .either = by_forms};
static const struct yaml_key window_keys[] = {
    {"by", &by_any, true, "the kinds of window that exist: updated, created"},
    {"span", &duration, true, "longest pull window"},
    {"audit_span", &duration, false, "span of audit windows; default: span"},
    {"overlap", &duration, false, "pull windows begin this much before the frontier"},
    {"lag", &duration, false, "audit windows are mature this long after their end; default 10m"},
    {"pull_lag", &duration, false, "how far behind now pull windows end; default: lag"},
    {"history", &duration, false, "how far back the platform reaches; default 90d"},
    {"step", &duration, false, "resolution of the filter; default 1s"},
    {"count_max", &positive, false, "more records cannot be paged: split"},
    {"total_cap", &positive, false, "the total is never larger: split at the cap"},
    {0},
};
static const struct yaml_schema window = {
    .type = YAML_T_MAP, .name = "window", .keys = window_keys};
static const struct yaml_key revisit_keys[] = {
    {"stale", &duration, false, "only daily where nothing changed for so long; default 60d"},
    {0},
};
static const struct yaml_schema revisit = {
    .type = YAML_T_MAP, .name = "revisit", .keys = revisit_keys};
static const struct yaml_key figures_keys[] = {
    {"of", &text, true, "the stream whose rows are asked about: {ids} holds their keys"},
    {"batch", &positive, true, "ids a call"},
    {"span", &duration, true, "longest range of one call, in days"},
    {"close", &duration, true, "an open range that grows longer gets a closed base"},
    {"mature", &duration, false, "so long after its end a day's figures may move; default 3d"},
    {"past", &duration, false, "days so long before a row was met are asked; default: mature"},
    {"repeat", &duration, false, "so long after its end a row is asked again; default 30d"},
    {"lasts", &text, false, "column of the rows' table: how long one runs, in hours"},
    {"day", &text, true, "table of a row's figures on one day"},
    {"snapshot", &text, true, "table of its life figures as they stood"},
    {"base", &text, true, "table of its closed ranges"},
    {0},
};
static const struct yaml_schema figures = {
    .type = YAML_T_MAP, .name = "figures", .keys = figures_keys};
static const char *const pages_words[] = {"none",   "number", "cursor", "offset",
                                          "keyset", "link",   NULL};
static const struct yaml_schema pages_kind = {
    .type = YAML_T_WORD, .name = "kind", .words = pages_words};
static const struct yaml_key size_keys[] = {
    {"in", &text, true, "its place"},
    {"max", &positive, true, "the platform's largest"},
    {"default", &positive, false, "default: max"},
    {0},
};
static const struct yaml_schema size = {.type = YAML_T_MAP, .name = "size", .keys = size_keys};
static const struct yaml_key cursor_keys[] = {
    {"in", &text, true, "its place"},
    {"first", &text, false, "value for the first page; default: none is sent"},
    {"from", &text, true, "path of the next one"},
    {"join", &text, false, "how a list becomes text: json, comma; default text: a single value"},
    {0},
};
static const struct yaml_schema cursor = {
    .type = YAML_T_MAP, .name = "cursor", .keys = cursor_keys};
static const struct yaml_key pages_keys[] = {
    {"kind", &pages_kind, true, "none, number, cursor; offset, keyset, link are " RESERVED},
    {"page", &text, false, "number: its place"},
    {"first", &count, false, "number: the first one; default 1"},
    {"size", &size, false, "records a page"},
    {"cursor", &cursor, false, "cursor: place, first, path"},
    {"total", &text_or_texts, false, "places of the window's total"},
    {"more", &text, false, "predicate over body.*: there is another page"},
    {"last", &text, false, "number: path of the last page's number"},
    {"stable", &flag, false, "pages do not shift: several may be in flight"},
    {"backward", &flag, false, "read the last page first"},
    {"offset", &schema_reserved, false, RESERVED},
    {"header", &schema_reserved, false, "link: " RESERVED},
    {"rel", &schema_reserved, false, "link: " RESERVED},
    {"by", &schema_reserved, false, "keyset: " RESERVED},
    {"put", &schema_reserved, false, "keyset: " RESERVED},
    {"then", &schema_reserved, false, "keyset: " RESERVED},
    {0},
};
static const struct yaml_schema pages = {.type = YAML_T_MAP, .name = "pages", .keys = pages_keys};
static const struct yaml_key option_keys[] = {
    {"zh", &text, false, "what it does, in Chinese"},
    {"en", &text, false, "what it does, in English"},
    {"values", &texts, false, "what may be chosen; default: anything"},
    {"default", &text, false, "what holds without a choice, for people"},
    {0},
};
static const struct yaml_schema option = {
    .type = YAML_T_MAP, .name = "option", .keys = option_keys};
static const struct yaml_schema options = {
    .type = YAML_T_NAMED, .name = "options", .each = &option};
static const struct yaml_key stream_keys[] = {
    {"table", &text, true, "of schema/tables.yaml"},
    {"every", &duration, true, "how often it is pulled"},
    {"zone", &text, false, "of its times; default: the manifest's"},
    {"request", &request, true, "a page"},
    {"by_id", &by_id, false, "look-up of single records"},
    {"window", &window, false, "how time is cut; each stream has either this or figures"},
    {"figures", &figures, false, "what another stream's rows add up to over ranges of days"},
    {"pages", &pages, true, "how a window is paged"},
    {"records", &text, true, "path of the list"},
    {"fields", &fields, true, "column: where it comes from"},
    {"tables", &tables, false, "more tables from the same record"},
    {"final", &texts, false, "statuses after which nothing changes by itself"},
    {"revisit", &revisit, false, "ask rows that are not final again, through by_id"},
    {"volatile", &texts, false, "paths left out of the record's hash"},
    {"personal", &texts, false, "paths sealed inside the kept original"},
    {"options", &options, false, "what a shop may choose"},
    {"fan_out", &schema_reserved, false, "a call per batch of parents or per constant: " RESERVED},
    {"job", &schema_reserved, false, "create, poll, download: " RESERVED},
    {0},
};
static const struct yaml_schema stream = {
    .type = YAML_T_MAP, .name = "stream", .keys = stream_keys};
static const struct yaml_schema streams = {
    .type = YAML_T_NAMED, .name = "streams", .each = &stream};

/* --- webhooks --- */
static const char *const hook_form_words[] = {"unix", "unix_ms", NULL};
static const struct yaml_schema hook_form = {
    .type = YAML_T_WORD, .name = "form", .words = hook_form_words};
static const struct yaml_key webhook_keys[] = {
    {"text", &text, true, "what is digested: {body}, {sent}, {app.secret} …"},
    {"digest", &digest, true, "md5, sha1, sha256 or hmac-…"},
    {"key", &text, false, "of an HMAC"},
    {"encode", &encode, true, "HEX, hex or base64"},
    {"put", &text, true, "header of the signature"},
    {"time", &text, false, "header of the time at which it was sent: {sent}"},
    {"form", &hook_form, false, "of that time: unix or unix_ms; default unix"},
    {"tolerance", &duration, false, "how far it may be from now; default 5m"},
    {"stream", &text, true, "whose records it names"},
    {"records", &text, false, "path of a list in the body; default: the body is one"},
    {"shop", &text, false, "path in the body of the account's number"},
    {"ids", &text, true, "path in a record of its id"},
    {"answer", &text, false, "body of the answer"},
    {"example", &example, true, "a published one that must reproduce"},
    {0},
};
static const struct yaml_schema webhook = {
    .type = YAML_T_MAP, .name = "webhook", .keys = webhook_keys};

static const struct yaml_key manifest_keys[] = {
    {"platform", &text, true, "[a-z0-9-]; the file's name without .yaml"},
    {"name", &names, true, "for people"},
    {"version", &positive, true, "raised when a mapping changes"},
    {"zone", &text, true, "of times that carry none"},
    {"zone_of", &zone_owner, false, "shop: times are in the shop's zone; default platform"},
    {"currency", &text, true, "where a record names none"},
    {"money", &money_unit, true, "amounts are in minor or major units"},
    {"hosts", &text_map, false, "name: URL, with or without a path; templates"},
    {"app", &owner, false, "what an app needs"},
    {"shop", &owner, false, "what a shop needs"},
    {"reply", &reply, false, "what is success, where code and message are"},
    {"errors", &errors, false, "match: class and scope"},
    {"auth", &auth, false, "how a token is got and carried"},
    {"sign", &sign, false, "signing as data"},
    {"budgets", &budgets, false, "allowed calls"},
    {"retry", &retry, false, "per class"},
    {"ciphers", &ciphers, false, "fields that arrive encrypted"},
    {"streams", &streams, false, "what can be pulled"},
    {"webhook", &webhook, false, "what the platform tells by itself"},
    {"actions", &schema_reserved, false, "what can be written: " RESERVED},
    {0},
};
static const struct yaml_schema manifest = {
    .type = YAML_T_MAP, .name = "manifest", .keys = manifest_keys};

const struct yaml_schema *connector_manifest_schema(void)
{
    return &manifest;
}

/* --- files that people hand in (connectors/files/) --- */
static const struct yaml_key sheets_keys[] = {
    {"every", &flag, false, "every visible sheet; default: the first visible one"},
    {"skip", &texts, false, "sheets whose name holds one of these"},
    {0},
};
static const struct yaml_schema sheets = {
    .type = YAML_T_MAP, .name = "sheets", .keys = sheets_keys};
static const struct yaml_key file_column_keys[] = {
    {"headers", &texts, true, "the spellings of its heading; case, width and spaces do not matter"},
    {"required", &flag, false, "a file without it is refused"},
    {0},
};
static const struct yaml_schema file_column_map = {
    .type = YAML_T_MAP, .name = "column", .keys = file_column_keys};
static const struct yaml_schema *const file_column_forms[] = {&texts, &file_column_map, NULL};
static const struct yaml_schema file_column = {
    .type = YAML_T_EITHER, .name = "column", .either = file_column_forms};
static const struct yaml_schema file_columns = {
    .type = YAML_T_NAMED, .name = "columns", .each = &file_column};
static const struct yaml_key file_keys[] = {
    {"file", &text, true, "[a-z0-9-]; its kind, and the manifest's name without .yaml"},
    {"name", &names, true, "for people"},
    {"version", &positive, true, "raised when a mapping changes"},
    {"platforms", &texts, false, "whose shops it belongs to; default: any"},
    {"stores", &flag, false, "it is of shops that sell: an account of ads has none"},
    {"zone", &text, true, "of times, where the shop has none"},
    {"currency", &text, true, "where neither the row nor the shop names one"},
    {"money", &money_unit, true, "amounts are in minor or major units"},
    {"sheets", &sheets, false, "which sheets are read"},
    {"same", &texts, false,
     "columns; ^.same then counts the rows of a file that are alike in them"},
    {"id", &texts, false, "columns whose texts together are ^.id, joined by /"},
    {"shop", &text, false, "the column that names the shop of a row: a file may be of several"},
    {"columns", &file_columns, true, "column: its headings"},
    {"table", &text, true, "of schema/tables.yaml"},
    {"fields", &fields, true, "column of the table: where it comes from"},
    {0},
};
static const struct yaml_schema file = {.type = YAML_T_MAP, .name = "file", .keys = file_keys};

const struct yaml_schema *connector_file_schema(void)
{
    return &file;
}
