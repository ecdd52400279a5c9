/* Help, man page and completion: three views of the table of commands. */
#include <string.h>

#include "app/cli.h"
#include "app/report.h"

enum { FLAG_COLUMN = 30 };

static void padded(struct buf *out, struct str text, size_t width)
{
    buf_add(out, text);
    for (size_t at = text_width(text); at < width; at++)
        buf_add_char(out, ' ');
}

/* "  --from D          help" ; a left part that is too long gets a line of its own. */
static void entry_write(struct buf *out, struct str left, struct str right)
{
    buf_add(out, STR("  "));
    if (text_width(left) + 2 > FLAG_COLUMN) {
        buf_add(out, left);
        buf_add_char(out, '\n');
        padded(out, STR(""), FLAG_COLUMN + 2);
    } else {
        padded(out, left, FLAG_COLUMN);
    }
    buf_add(out, right);
    buf_add_char(out, '\n');
}

static void arg_name_write(struct buf *out, const struct cli_arg *arg)
{
    buf_printf(out, "%s%s%s%s", arg->optional ? "[" : "", arg->name, arg->many ? "…" : "",
               arg->optional ? "]" : "");
}

static void synopsis_write(struct buf *out, const struct command *command)
{
    buf_printf(out, "huiliu %s", command->path);
    for (const struct cli_arg *arg = command->args; arg && arg->name; arg++) {
        buf_add_char(out, ' ');
        arg_name_write(out, arg);
    }
    if (command->flags)
        buf_add(out, STR(" [--…]"));
}

static void flag_name_write(struct buf *out, const struct cli_flag *flag)
{
    buf_printf(out, "--%s", flag->name);
    if (flag->type == FLAG_WORD) {
        buf_add_char(out, ' ');
        for (const char *const *word = flag->words; *word; word++)
            buf_printf(out, "%s%s", word == flag->words ? "" : "|", *word);
    } else if (flag->type != FLAG_SWITCH) {
        buf_printf(out, " %s", flag->value);
    }
    if (flag->many)
        buf_add(out, STR(" …"));
}

static bool flag_is_offered(const struct command *command, const struct cli_flag *flag)
{
    return command->json || strcmp(flag->name, "json") != 0;
}

static void flags_write(struct buf *out, const struct command *command,
                        const struct cli_flag *flags)
{
    struct buf name;
    buf_init(&name, 4096);
    for (const struct cli_flag *flag = flags; flag && flag->name; flag++) {
        if (!flag_is_offered(command, flag))
            continue;
        buf_reset(&name);
        flag_name_write(&name, flag);
        entry_write(out, buf_str(&name), said_now(flag->help));
    }
    out->failed |= name.failed;
    buf_fini(&name);
}

void help_command_write(struct buf *out, const struct command *command)
{
    synopsis_write(out, command);
    buf_printf(out, "\n\n%.*s\n", STR_ARG(said_now(command->help)));
    if (command->more.en)
        buf_printf(out, "\n%.*s\n", STR_ARG(said_now(command->more)));
    if (command->args && command->args->name) {
        buf_add_char(out, '\n');
        message_write(out, MSG_HELP_ARGS, M_END);
        buf_add_char(out, '\n');
    }
    for (const struct cli_arg *arg = command->args; arg && arg->name; arg++)
        entry_write(out, str_of(arg->name), said_now(arg->help));
    buf_add_char(out, '\n');
    message_write(out, MSG_HELP_FLAGS, M_END);
    buf_add_char(out, '\n');
    flags_write(out, command, command->flags);
    flags_write(out, command, cli_common_flags());
}

static void commands_write(struct buf *out, struct str group)
{
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail;
        str_cut(str_of(command->path), ' ', &head, &tail);
        if (group.len == 0 || str_eq(head, group))
            entry_write(out, str_of(command->path), said_now(command->help));
    }
}

bool help_group_write(struct buf *out, struct str group)
{
    size_t before = out->len;
    commands_write(out, group);
    return out->len > before;
}

void help_overview_write(struct buf *out)
{
    message_write(out, MSG_HELP_HEAD, M_END);
    buf_add(out, STR("\n\n"));
    commands_write(out, STR_NONE);
    buf_add_char(out, '\n');
    message_write(out, MSG_HELP_TAIL, M_END);
    buf_add_char(out, '\n');
}

void help_write(struct buf *out, const struct cli *cli)
{
    if (cli->command)
        help_command_write(out, cli->command);
    else if (cli->group.len > 0)
        help_group_write(out, cli->group);
    else
        help_overview_write(out);
}

/* --- man page --- */

/* A dash must stay a dash for people who copy it, and a leading dot or quote is a request. */
static void roff_write(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool line_start = i == 0 || text.ptr[i - 1] == '\n';
        char c = text.ptr[i];
        if (line_start && (c == '.' || c == '\''))
            buf_add(out, STR("\\&"));
        if (c == '\\' || c == '-')
            buf_add(out, c == '-' ? STR("\\-") : STR("\\e"));
        else
            buf_add_char(out, c);
    }
}

static void man_flags_write(struct buf *out, const struct command *command,
                            const struct cli_flag *flags)
{
    struct buf name;
    buf_init(&name, 4096);
    for (const struct cli_flag *flag = flags; flag && flag->name; flag++) {
        if (command && !flag_is_offered(command, flag))
            continue;
        buf_reset(&name);
        flag_name_write(&name, flag);
        buf_add(out, STR(".TP\n.B "));
        roff_write(out, buf_str(&name));
        buf_add_char(out, '\n');
        roff_write(out, str_of(flag->help.en));
        buf_add_char(out, '\n');
    }
    out->failed |= name.failed;
    buf_fini(&name);
}

void help_man_write(struct buf *out)
{
    struct buf line;
    buf_init(&line, 4096);
    buf_add(out, STR(".\\\" Made by `huiliu help --man`; edit src/app/commands_*.c instead.\n"
                     ".TH HUILIU 1 \"\" \"Huiliu " HUILIU_VERSION "\" \"Huiliu\"\n"
                     ".SH NAME\nhuiliu \\- shops of every commerce platform into one database\n"
                     ".SH SYNOPSIS\n.B huiliu\n[\\-\\-home DIR] COMMAND\n.SH COMMANDS\n"));
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        buf_reset(&line);
        synopsis_write(&line, command);
        buf_add(out, STR(".SS "));
        roff_write(out, buf_str(&line));
        buf_add_char(out, '\n');
        roff_write(out, str_of(command->help.en));
        buf_add_char(out, '\n');
        if (command->more.en) {
            buf_add(out, STR(".PP\n"));
            roff_write(out, str_of(command->more.en));
            buf_add_char(out, '\n');
        }
        man_flags_write(out, command, command->flags);
    }
    buf_add(out, STR(".SH COMMON FLAGS\n"));
    man_flags_write(out, NULL, cli_common_flags());
    buf_add(out, STR(".SH EXIT STATUS\n.TP\n.B 0\nDone; records rejected alone are no failure.\n"
                     ".TP\n.B 1\nFailed.\n.TP\n.B 2\nWrong use.\n.TP\n.B 3\n"
                     "A window could not be proved, or a shop failed.\n"
                     ".SH FILES\nA home holds huiliu.yaml, .env, key, huiliu.db and connectors/.\n"
                     "docs/settings.md lists every option and its environment variable.\n"));
    out->failed |= line.failed;
    buf_fini(&line);
}

/* --- completion --- */

static void bash_words_write(struct buf *out, const struct command *command)
{
    for (const struct cli_flag *flag = command->flags; flag && flag->name; flag++)
        buf_printf(out, " --%s", flag->name);
    for (const struct cli_flag *flag = cli_common_flags(); flag->name; flag++) {
        if (flag_is_offered(command, flag))
            buf_printf(out, " --%s", flag->name);
    }
}

/* The first words, or the second words of a group, each once. */
static void bash_names_write(struct buf *out, struct str group)
{
    struct str before = STR_NONE;
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail;
        str_cut(str_of(command->path), ' ', &head, &tail);
        if (group.len > 0 && !str_eq(head, group))
            continue;
        struct str word = group.len > 0 ? tail : head;
        if (!str_eq(word, before))
            buf_printf(out, " %.*s", STR_ARG(word));
        before = word;
    }
}

void help_bash_write(struct buf *out)
{
    buf_add(out, STR("# Made by `huiliu help --completion bash`.\n"
                     "_huiliu() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} first= second= i\n"
                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                     "        case ${COMP_WORDS[i]} in\n"
                     "        --home) ((i++)) ;;\n"
                     "        -*) ;;\n"
                     "        *) if [[ -z $first ]]; then first=${COMP_WORDS[i]};\n"
                     "           elif [[ -z $second ]]; then second=${COMP_WORDS[i]}; fi ;;\n"
                     "        esac\n"
                     "    done\n"
                     "    local words\n"
                     "    case $first,$second in\n"));
    buf_add(out, STR("    ,*) words=\""));
    bash_names_write(out, STR_NONE);
    buf_add(out, STR(" --home --help\" ;;\n"));
    struct str group_before = STR_NONE;
    for (const struct command *command = command_first(); command;
         command = command_after(command)) {
        struct str head, tail;
        bool two = str_cut(str_of(command->path), ' ', &head, &tail);
        if (two && !str_eq(head, group_before)) {
            buf_printf(out, "    %.*s,) words=\"", STR_ARG(head));
            bash_names_write(out, head);
            buf_add(out, STR("\" ;;\n"));
        }
        group_before = head;
        buf_printf(out, "    %.*s,%.*s) words=\"", STR_ARG(head), STR_ARG(two ? tail : STR("*")));
        bash_words_write(out, command);
        buf_add(out, STR("\" ;;\n"));
    }
    buf_add(out, STR("    esac\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                     "}\n"
                     "complete -o default -F _huiliu huiliu\n"));
}
