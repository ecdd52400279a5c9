/* The options written down: the huiliu.yaml that `init` makes, and the reference page. */
#include "app/option_internal.h"

/* A JSON string is a YAML double-quoted scalar. */
static void quoted_write(struct buf *out, struct str text)
{
    json_write_string(out, text);
    buf_add_char(out, '\n');
}

static bool platform_seen(const struct options *values, struct str platform, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (str_eq(values->values[i].platform, platform))
            return true;
    }
    return false;
}

static void platforms_file_write(struct buf *out, const struct options *values)
{
    buf_add(out, STR("\n# platforms:\n#   PLATFORM:\n"));
    for (enum option_id id = 0; id < OPTIONS; id++) {
        if (option_is_of_platform(id))
            buf_printf(out, "#     # %.*s\n#     %.*s: \"\"\n",
                       STR_ARG(said_now(option_table()[id].help)), STR_ARG(option_key_tail(id)));
    }
    bool any = false;
    for (size_t i = 0; i < values->values_len; i++) {
        struct str platform = values->values[i].platform;
        if (platform.len == 0 || platform_seen(values, platform, i))
            continue;
        buf_printf(out, "%s  %.*s:\n", any ? "" : "platforms:\n", STR_ARG(platform));
        any = true;
        for (enum option_id id = 0; id < OPTIONS; id++) {
            const struct option_value *value = option_value_find(values, id, platform);
            if (!value)
                continue;
            buf_printf(out, "    %.*s: ", STR_ARG(option_key_tail(id)));
            quoted_write(out, value->text);
        }
    }
}

void options_file_write(struct buf *out, const struct options *values)
{
    message_write(out, MSG_OPTIONS_FILE_HEAD, M_END);
    for (enum option_id id = 0; id < OPTIONS; id++) {
        if (option_is_of_platform(id))
            continue;
        const struct option_value *value = option_value_find(values, id, STR_NONE);
        buf_printf(out, "\n# %.*s\n%s%s: ", STR_ARG(said_now(option_table()[id].help)),
                   value ? "" : "# ", option_table()[id].key);
        quoted_write(out, value ? value->text : str_of(option_table()[id].standard));
    }
    platforms_file_write(out, values);
}

static void reference_values_write(struct buf *out, const struct option *option)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "text",
        [OPTION_INT] = "number",
        [OPTION_WORD] = "word",
        [OPTION_URL] = "http(s) address",
        [OPTION_TZ] = "zone",
        [OPTION_DATABASE] = "sqlite:PATH, postgresql://… or mysql://…",
        [OPTION_COORDINATOR] = "auto, local, database or redis://…",
    };
    if (option->type == OPTION_INT) {
        buf_printf(out, "%lld to %lld", (long long)option->min, (long long)option->max);
        return;
    }
    if (option->type != OPTION_WORD) {
        buf_printf(out, "%s", names[option->type]);
        return;
    }
    for (const char *const *word = option->words; *word; word++)
        buf_printf(out, "%s%s", word == option->words ? "" : ", ", *word);
}

void options_reference_write(struct buf *out)
{
    buf_add(out,
            STR("# Settings\n\n"
                "Made by `huiliu settings --reference`; edit `src/app/option.c` instead.\n\n"
                "A value comes from, the later winning: the default, `huiliu.yaml` in the home, "
                "`.env` in the home,\nthe environment. `huiliu settings` prints what holds "
                "and where it comes from, secrets hidden.\n"
                "A service that runs takes what is changed in the files with SIGHUP, but for the "
                "options that say that they hold\nfrom the next start on.\n\n"
                "| key | variable | value | default | meaning | 含义 |\n"
                "|---|---|---|---|---|---|\n"));
    for (enum option_id id = 0; id < OPTIONS; id++) {
        const struct option *option = &option_table()[id];
        buf_printf(out, "| `%s` | `", option->key);
        option_variable_write(out, id, STR("PLATFORM"));
        buf_add(out, STR("` | "));
        reference_values_write(out, option);
        buf_printf(out, " | %s%s%s | %s%s%s | %s%s |\n", *option->standard ? "`" : "",
                   option->standard, *option->standard ? "`" : "", option->help.en,
                   option->secret ? " Secret: shown as `***`." : "",
                   option->restart ? " Holds from the next start on." : "", option->help.zh,
                   option->restart ? "重新启动后生效。" : "");
    }
    buf_add(out, STR("\nThe process itself reads these, from the environment only:\n\n"));
    for (size_t i = 0; i < OPTION_PROCESS_VARIABLES; i++)
        buf_printf(out, "- `%s`\n", option_process_variables[i]);
}
