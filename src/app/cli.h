/* The command line. One row in a commands_*.c per command drives parsing, --help, the man
 * page, the completion and "did you mean".
 *
 * Words: a command has arguments (by place) and flags (--name VALUE, --name=VALUE, or a switch).
 * Flags may stand anywhere; `--` ends them. --home, --json, --help are known everywhere (--json
 * where a command prints results).
 *
 * Parsed values borrow argv. Threads: the table is constant, a parsed line belongs to its thread.
 * Errors: ERR_USAGE with the nearest right word. */
#ifndef HUILIU_APP_CLI_H
#define HUILIU_APP_CLI_H

#include "app/message.h"

struct app;

/* What has to be open before a command runs, each level holding the one before. */
enum app_level {
    APP_NOTHING,
    APP_HOME,  /* options */
    APP_STORE, /* and key ring, connectors, database, shops */
    APP_CALLS, /* and coordination, gateway, sync: the command may call platforms */
};

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2, EXIT_UNPROVED = 3 };

enum flag_type { FLAG_SWITCH, FLAG_TEXT, FLAG_INT, FLAG_WORD, FLAG_FILE };
struct cli_flag {
    const char *name; /* without the dashes; NULL ends a table */
    enum flag_type type;
    const char *value; /* what stands for the value in help: SHOP */
    bool many;         /* may be repeated */
    int64_t min, max;  /* FLAG_INT */
    const char *const *words;
    struct said help;
};
struct cli_arg {
    const char *name; /* NULL ends a table */
    bool optional, many;
    struct said help;
};

struct cli;
struct command {
    const char *path; /* "shop add" */
    const struct cli_arg *args;
    const struct cli_flag *flags;
    bool json;
    enum app_level level;
    bool migrates; /* brings an older database forward by itself */
    enum exit_code (*run)(struct app *app, const struct cli *cli, struct err *err);
    struct said help;
    struct said more; /* further paragraphs, or NULL */
};
/* commands.c: walks the commands there are; NULL after the last. */
const struct command *command_first(void);
const struct command *command_after(const struct command *command);

enum { CLI_FLAGS_MAX = 64, CLI_ARGS_MAX = 64 };
struct cli {
    const struct command *command; /* NULL: only --help, or a group with --help */
    struct str group;              /* of "shop --help" */
    struct {
        const struct cli_flag *flag;
        struct str text;
        int64_t number;
    } flags[CLI_FLAGS_MAX];
    size_t flags_len;
    struct str args[CLI_ARGS_MAX];
    size_t args_len;
    struct str home;
    bool json, help;
};

enum err_class cli_parse(struct cli *cli, int argc, char *const *argv, struct err *err);

bool cli_has(const struct cli *cli, const char *flag);
/* The last value given, or empty. */
struct str cli_text(const struct cli *cli, const char *flag);
int64_t cli_int(const struct cli *cli, const char *flag, int64_t standard);
/* Walks the values of a flag that may be repeated: start with *at = 0; false at the end. */
bool cli_next(const struct cli *cli, const char *flag, size_t *at, struct str *text);
/* Argument by place, or empty. */
struct str cli_arg(const struct cli *cli, size_t place);
/* ERR_USAGE when both are given. */
enum err_class cli_exclude(const struct cli *cli, const char *one, const char *other,
                           struct err *err);

/* The flags that every command knows. */
const struct cli_flag *cli_common_flags(void);

/* help.c: the command of `cli`, its group, or the overview. */
void help_write(struct buf *out, const struct cli *cli);
void help_command_write(struct buf *out, const struct command *command);
void help_overview_write(struct buf *out);
bool help_group_write(struct buf *out, struct str group);
void help_man_write(struct buf *out);
void help_bash_write(struct buf *out);

#endif
