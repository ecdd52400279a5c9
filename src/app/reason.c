/* Reasons of tasks and streams in the language of the person. */
#include "app/reason.h"

static const struct {
    const char *code;
    enum message_id meaning;
} known[] = {
    {"timeout", MSG_WHY_TIMEOUT},
    {"resolve", MSG_WHY_RESOLVE},
    {"connect", MSG_WHY_CONNECT},
    {"tls", MSG_WHY_TLS},
    {"reply_cut", MSG_WHY_REPLY_CUT},
    {"transfer", MSG_WHY_TRANSFER},
    {"refused", MSG_WHY_REFUSED},
    {"refused_alone", MSG_WHY_REFUSED_ALONE},
    {"redirect", MSG_WHY_REDIRECT},
    {"too_large", MSG_WHY_TOO_LARGE},
    {"body_empty", MSG_WHY_BODY_EMPTY},
    {"not_json", MSG_WHY_NOT_JSON},
    {"json_syntax", MSG_WHY_JSON_SYNTAX},
    {"json_utf8", MSG_WHY_JSON_UTF8},
    {"list_missing", MSG_WHY_LIST_MISSING},
    {"page_empty", MSG_WHY_PAGE_EMPTY},
    {"cursor_missing", MSG_WHY_CURSOR_MISSING},
    {"cursor_repeated", MSG_WHY_CURSOR_REPEATED},
    {"figures_total", MSG_WHY_FIGURES_TOTAL},
    {"token_missing", MSG_WHY_TOKEN_MISSING},
    {"token_dead", MSG_WHY_TOKEN_DEAD},
    {"token_refused", MSG_WHY_TOKEN_REFUSED},
    {"shop_needs_person", MSG_WHY_SHOP_NEEDS_PERSON},
    {"needs_person", MSG_WHY_NEEDS_PERSON},
    {"shop_disabled", MSG_WHY_SHOP_DISABLED},
    {"budget", MSG_WHY_BUDGET},
    {"budget_closed", MSG_WHY_BUDGET_CLOSED},
    {"decrypt_quota", MSG_WHY_DECRYPT_QUOTA},
    {"breaker_open", MSG_WHY_BREAKER_OPEN},
    {"coord_down", MSG_WHY_COORD_DOWN},
    {"ids_missing", MSG_WHY_IDS_MISSING},
    {"shop_missing", MSG_WHY_SHOP_MISSING},
    {"stream_missing", MSG_WHY_STREAM_MISSING},
    {"task_overdue", MSG_WHY_TASK_OVERDUE},
    {"task_kind", MSG_WHY_TASK_KIND},
    {"stopped", MSG_WHY_STOPPED},
};

static bool meaning_find(struct str code, enum message_id *out)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!str_eq(code, str_of(known[i].code)))
            continue;
        *out = known[i].meaning;
        return true;
    }
    return false;
}

struct str reason_shown(const struct app *app, struct str reason, struct arena *arena)
{
    struct str code, detail, shown;
    enum message_id meaning;
    struct buf text;
    if (app->json || language_now() == LANGUAGE_EN || !str_cut(reason, ':', &code, &detail) ||
        !meaning_find(code, &meaning))
        return reason;
    buf_init(&text, 64 * 1024);
    message_write(&text, MSG_WHY, M_STR(message_text(meaning, language_now())), M_STR(code),
                  M_STR(str_trim(detail)), M_END);
    shown = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return shown.ptr ? shown : reason;
}
