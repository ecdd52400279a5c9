/* Parsing a command line against the table of commands. */
#include "app/cli.h"

#include <assert.h>
#include <string.h>

static const struct cli_flag common_flags[] = {
    {"home",
     FLAG_FILE,
     "DIR",
     false,
     0,
     0,
     NULL,
     {"The home; default: this folder when it has huiliu.yaml, else $HUILIU_HOME, else ~/.huiliu.",
      "主目录；默认：当前目录（若含 huiliu.yaml），否则 $HUILIU_HOME，否则 ~/.huiliu。"}},
    {"json",
     FLAG_SWITCH,
     NULL,
     false,
     0,
     0,
     NULL,
     {"Print the result as JSON.", "以 JSON 输出结果。"}},
    {"help", FLAG_SWITCH, NULL, false, 0, 0, NULL, {"Print this help.", "显示本帮助。"}},
    {0},
};

const struct cli_flag *cli_common_flags(void)
{
    return common_flags;
}

/* --- finding the command --- */

enum { COMMANDS_MAX = 128, NAMES_MAX = 64 };

/* A command's path is one or two words; `second` is empty for one. */
static const struct command *command_of(struct str first, struct str second)
{
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail;
        str_cut(str_of(command->path), ' ', &head, &tail);
        if (str_eq(head, first) && str_eq(tail, second))
            return command;
    }
    return NULL;
}

static bool group_is(struct str word)
{
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail;
        if (str_cut(str_of(command->path), ' ', &head, &tail) && str_eq(head, word))
            return true;
    }
    return false;
}

static enum err_class unknown_command(struct str typed, struct str group, struct err *err)
{
    struct str names[COMMANDS_MAX];
    size_t names_len = 0;
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail, name = str_of(command->path);
        bool two = str_cut(name, ' ', &head, &tail);
        if (group.len > 0 && (!two || !str_eq(head, group)))
            continue;
        name = group.len > 0 ? tail : head;
        assert(names_len < COMMANDS_MAX);
        names[names_len++] = name;
    }
    size_t near = str_nearest(typed, names, names_len);
    if (near == SIZE_MAX)
        return err_say(err, ERR_USAGE, "command_unknown", MSG_COMMAND_UNKNOWN, M_STR(typed), M_END);
    return err_say(err, ERR_USAGE, "command_unknown", MSG_COMMAND_NEAR, M_STR(typed), M_STR(group),
                   M_STR(group.len > 0 ? STR(" ") : STR("")), M_STR(names[near]), M_END);
}

/* --- flags --- */

static const struct cli_flag *flag_find(const struct command *command, struct str name)
{
    for (const struct cli_flag *flag = common_flags; flag->name; flag++) {
        bool offered = command == NULL || command->json || strcmp(flag->name, "json") != 0;
        if (offered && str_eq(str_of(flag->name), name))
            return flag;
    }
    for (const struct cli_flag *flag = command ? command->flags : NULL; flag && flag->name;
         flag++) {
        if (str_eq(str_of(flag->name), name))
            return flag;
    }
    return NULL;
}

static enum err_class unknown_flag(const struct command *command, struct str name, struct err *err)
{
    struct str names[NAMES_MAX];
    size_t names_len = 0;
    for (const struct cli_flag *flag = common_flags; flag->name; flag++) {
        if (command == NULL || command->json || strcmp(flag->name, "json") != 0)
            names[names_len++] = str_of(flag->name);
    }
    for (const struct cli_flag *flag = command ? command->flags : NULL; flag && flag->name;
         flag++) {
        assert(names_len < NAMES_MAX);
        names[names_len++] = str_of(flag->name);
    }
    size_t near = str_nearest(name, names, names_len);
    if (near == SIZE_MAX)
        return err_say(err, ERR_USAGE, "flag_unknown", MSG_FLAG_UNKNOWN, M_STR(name), M_END);
    return err_say(err, ERR_USAGE, "flag_unknown", MSG_FLAG_NEAR, M_STR(name), M_STR(names[near]),
                   M_END);
}

static enum err_class flag_value_check(const struct cli_flag *flag, struct str text,
                                       int64_t *number, struct err *err)
{
    if (text.len == 0 && flag->type != FLAG_TEXT)
        return err_say(err, ERR_USAGE, "flag_value", MSG_FLAG_EMPTY, M_STR(str_of(flag->name)),
                       M_END);
    if (flag->type == FLAG_INT) {
        if (!str_to_i64(text, number) || *number < flag->min || *number > flag->max)
            return err_say(err, ERR_USAGE, "flag_value", MSG_FLAG_NUMBER, M_STR(str_of(flag->name)),
                           M_STR(text), M_I64(flag->min), M_I64(flag->max), M_END);
    }
    if (flag->type != FLAG_WORD)
        return ERR_OK;
    struct buf words;
    buf_init(&words, 1024);
    for (const char *const *word = flag->words; *word; word++) {
        if (str_eq(str_of(*word), text)) {
            buf_fini(&words);
            return ERR_OK;
        }
        buf_printf(&words, "%s%s", word == flag->words ? "" : ", ", *word);
    }
    err_say(err, ERR_USAGE, "flag_value", MSG_FLAG_WORD, M_STR(str_of(flag->name)), M_STR(text),
            M_STR(buf_str(&words)), M_END);
    buf_fini(&words);
    return ERR_USAGE;
}

static enum err_class flag_keep(struct cli *cli, const struct cli_flag *flag, struct str text,
                                struct err *err)
{
    int64_t number = 0;
    enum err_class class_ = flag->type == FLAG_SWITCH ? ERR_OK
                                                      : flag_value_check(flag, text, &number, err);
    if (class_ != ERR_OK)
        return class_;
    if (strcmp(flag->name, "home") == 0)
        cli->home = text;
    else if (strcmp(flag->name, "json") == 0)
        cli->json = true;
    else if (strcmp(flag->name, "help") == 0)
        cli->help = true;
    if (!flag->many && cli_has(cli, flag->name))
        return err_say(err, ERR_USAGE, "flag_twice", MSG_FLAG_TWICE, M_STR(str_of(flag->name)),
                       M_END);
    if (cli->flags_len == CLI_FLAGS_MAX)
        return err_say(err, ERR_USAGE, "flag_many", MSG_FLAG_MANY, M_I64(CLI_FLAGS_MAX), M_END);
    cli->flags[cli->flags_len].flag = flag;
    cli->flags[cli->flags_len].text = text;
    cli->flags[cli->flags_len++].number = number;
    return ERR_OK;
}

/* --- the line --- */

struct line {
    int argc;
    char *const *argv;
    int at;
    bool flags_ended;
};

static enum err_class flag_take(struct cli *cli, struct line *line, struct str word,
                                struct err *err)
{
    struct str name, text;
    bool joined = str_cut(str_sub(word, 2, word.len), '=', &name, &text);
    const struct cli_flag *flag = flag_find(cli->command, name);
    if (!flag)
        return unknown_flag(cli->command, name, err);
    if (flag->type == FLAG_SWITCH && joined)
        return err_say(err, ERR_USAGE, "flag_value", MSG_FLAG_SWITCH, M_STR(name), M_END);
    if (flag->type != FLAG_SWITCH && !joined) {
        if (line->at == line->argc)
            return err_say(err, ERR_USAGE, "flag_value", MSG_FLAG_EMPTY, M_STR(name), M_END);
        text = str_of(line->argv[line->at++]);
    }
    return flag_keep(cli, flag, text, err);
}

/* The first word that is no flag is the command or its group; the flags before it can only be
 * common ones. */
static enum err_class command_take(struct cli *cli, struct str word, struct err *err)
{
    if (cli->group.len > 0) {
        cli->command = command_of(cli->group, word);
        return cli->command ? ERR_OK : unknown_command(word, cli->group, err);
    }
    cli->command = command_of(word, STR_NONE);
    if (cli->command)
        return ERR_OK;
    if (!group_is(word))
        return unknown_command(word, STR_NONE, err);
    cli->group = word;
    return ERR_OK;
}

static enum err_class word_take(struct cli *cli, struct line *line, struct err *err)
{
    struct str word = str_of(line->argv[line->at++]);
    if (!line->flags_ended && str_eq(word, STR("--"))) {
        line->flags_ended = true;
        return ERR_OK;
    }
    if (!line->flags_ended && str_eq(word, STR("-h")))
        word = STR("--help");
    /* tail and journalctl have taught it everybody. */
    if (!line->flags_ended && str_eq(word, STR("-f")) && flag_find(cli->command, STR("follow")))
        word = STR("--follow");
    if (!line->flags_ended && str_starts(word, STR("--")))
        return flag_take(cli, line, word, err);
    if (!line->flags_ended && word.len > 1 && word.ptr[0] == '-')
        return unknown_flag(cli->command, str_sub(word, 1, word.len), err);
    if (!cli->command)
        return command_take(cli, word, err);
    /* `worker` is a command, and `worker list` another. */
    const struct command *longer = cli->args_len == 0 ? command_of(str_of(cli->command->path), word)
                                                      : NULL;
    if (longer) {
        cli->command = longer;
        return ERR_OK;
    }
    if (cli->args_len == CLI_ARGS_MAX)
        return err_say(err, ERR_USAGE, "arg_many", MSG_ARG_MANY, M_STR(word), M_END);
    cli->args[cli->args_len++] = word;
    return ERR_OK;
}

static enum err_class args_check(const struct cli *cli, struct err *err)
{
    size_t place = 0;
    bool endless = false;
    for (const struct cli_arg *arg = cli->command->args; arg && arg->name; arg++, place++) {
        endless |= arg->many;
        if (place >= cli->args_len && !arg->optional)
            return err_say(err, ERR_USAGE, "arg_missing", MSG_ARG_MISSING, M_STR(str_of(arg->name)),
                           M_STR(str_of(cli->command->path)), M_END);
    }
    if (cli->args_len > place && !endless)
        return err_say(err, ERR_USAGE, "arg_many", MSG_ARG_MANY, M_STR(cli->args[place]), M_END);
    return ERR_OK;
}

enum err_class cli_parse(struct cli *cli, int argc, char *const *argv, struct err *err)
{
    *cli = (struct cli){0};
    struct line line = {.argc = argc, .argv = argv, .at = 1};
    while (line.at < line.argc) {
        enum err_class class_ = word_take(cli, &line, err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (cli->help)
        return ERR_OK;
    if (!cli->command && cli->group.len > 0)
        return err_say(err, ERR_USAGE, "command_missing", MSG_COMMAND_GROUP, M_STR(cli->group),
                       M_END);
    if (!cli->command)
        return err_say(err, ERR_USAGE, "command_missing", MSG_COMMAND_MISSING, M_END);
    return args_check(cli, err);
}

/* --- reading what was given --- */

bool cli_next(const struct cli *cli, const char *flag, size_t *at, struct str *text)
{
    while (*at < cli->flags_len) {
        size_t i = (*at)++;
        if (strcmp(cli->flags[i].flag->name, flag) == 0) {
            *text = cli->flags[i].text;
            return true;
        }
    }
    return false;
}

bool cli_has(const struct cli *cli, const char *flag)
{
    struct str text;
    size_t at = 0;
    return cli_next(cli, flag, &at, &text);
}

struct str cli_text(const struct cli *cli, const char *flag)
{
    struct str text = STR_NONE;
    size_t at = 0;
    while (cli_next(cli, flag, &at, &text))
        continue;
    return text;
}

int64_t cli_int(const struct cli *cli, const char *flag, int64_t standard)
{
    for (size_t i = 0; i < cli->flags_len; i++) {
        if (strcmp(cli->flags[i].flag->name, flag) == 0)
            return cli->flags[i].number;
    }
    return standard;
}

struct str cli_arg(const struct cli *cli, size_t place)
{
    return place < cli->args_len ? cli->args[place] : STR_NONE;
}

enum err_class cli_exclude(const struct cli *cli, const char *one, const char *other,
                           struct err *err)
{
    if (!cli_has(cli, one) || !cli_has(cli, other))
        return ERR_OK;
    return err_say(err, ERR_USAGE, "flag_exclude", MSG_FLAG_EXCLUDE, M_STR(str_of(one)),
                   M_STR(str_of(other)), M_END);
}
