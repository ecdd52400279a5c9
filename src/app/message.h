/* What the program says to people, in English or Chinese, from one catalogue (messages.def).
 *
 * A message is a line of messages.def: its id, the English and the Chinese text. `{1}` … `{9}` stand
 * for the arguments, so that each language puts them where it needs them. Codes, JSON and log
 * lines are English and do not come from here.
 *
 * The language is chosen once, before other threads start, and read from any thread.
 *
 *     message_write(&out, MSG_HOME_MADE, M_STR(path), M_END); */
#ifndef HUILIU_APP_MESSAGE_H
#define HUILIU_APP_MESSAGE_H

#include "base/base.h"

enum message_id {
#define MESSAGE(id, en, zh) id,
#include "app/messages.def"
#undef MESSAGE
    MESSAGES
};

enum message_arg_kind { MESSAGE_ARG_END, MESSAGE_ARG_STR, MESSAGE_ARG_I64 };
struct message_arg {
    enum message_arg_kind kind;
    struct str text;
    int64_t number;
};
enum { MESSAGE_ARGS_MAX = 9 };
#define M_STR(text_) ((struct message_arg){MESSAGE_ARG_STR, (text_), 0})
#define M_I64(number_) ((struct message_arg){MESSAGE_ARG_I64, STR_NONE, (number_)})
#define M_END ((struct message_arg){MESSAGE_ARG_END, STR_NONE, 0})

enum language { LANGUAGE_EN, LANGUAGE_ZH };
/* `wanted` is the option: en, zh or auto. auto asks LC_ALL, LC_MESSAGES and LANG in libc's order. */
void language_set(struct str wanted);
enum language language_now(void);

/* For this thread only, until language_own: who answers several people. */
void language_borrow(enum language language);
void language_own(void);

/* A pair of texts that stands in a table of its own (options, commands, needs of a manifest). */
struct said {
    const char *en, *zh;
};
struct str said_now(struct said said);

/* The text of a language with its placeholders, for tests. */
struct str message_text(enum message_id id, enum language language);

#define message_write(out, id, ...)                                                                \
    message_write_args((out), (id), (const struct message_arg[]){__VA_ARGS__})
void message_write_args(struct buf *out, enum message_id id, const struct message_arg *args);

/* err_set with a text of the catalogue. */
#define err_say(err, class_, code, id, ...)                                                        \
    err_say_at((err), (class_), (code), __func__, (id), (const struct message_arg[]){__VA_ARGS__})
enum err_class err_say_at(struct err *err, enum err_class class_, const char *code,
                          const char *origin, enum message_id id, const struct message_arg *args);

#endif
