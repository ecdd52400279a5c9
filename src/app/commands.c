/* The commands there are: one list a group, in the order of the help. Parsing, help, the man page and the
 * completion follow from them; a command that is not here does not exist. */
#include "app/commands.h"

static const struct command *const lists[] = {
    commands_start, commands_account, commands_sync, commands_files,     commands_cost,
    commands_said,  commands_service, commands_user, commands_connector, commands_home,
};
enum { LISTS = sizeof(lists) / sizeof(*lists) };

const struct command *command_first(void)
{
    return lists[0];
}

const struct command *command_after(const struct command *command)
{
    if (command[1].path)
        return command + 1;
    /* The row that ends a list is the list's own, so its address says where we are. */
    for (size_t at = 0; at + 1 < LISTS; at++) {
        const struct command *end = lists[at];
        while (end->path)
            end++;
        if (end == command + 1)
            return lists[at + 1];
    }
    return NULL;
}

const char *const command_by_words[] = {"updated", "created", NULL};
const struct cli_arg command_shop_stream_args[] = {
    SHOP_ARG,
    {.name = "STREAM", .help = {"Name of a stream.", "数据流名称。"}},
    {0},
};
