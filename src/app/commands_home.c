/* Rows of the command line: the home, its care, and what the program says of itself. */
#include "app/commands.h"

static const char *const shell_words[] = {"bash", NULL};
static const struct cli_flag init_flags[] = {
    {.name = "from-env",
     .type = FLAG_FILE,
     .value = "FILE",
     .help = {"Read an old program's .env: its app, shop and choices are taken.",
              "读取旧程序的 .env：采用其中的应用、店铺与选项。"}},
    {0},
};
static const struct cli_flag settings_flags[] = {
    {.name = "reference",
     .type = FLAG_SWITCH,
     .help = {"Print docs/settings.md: every option there is.",
              "输出 docs/settings.md：所有选项。"}},
    {0},
};
static const struct cli_flag version_flags[] = {
    {.name = "fail-points",
     .type = FLAG_SWITCH,
     .help = {"List the places where a test can make the program fail.",
              "列出测试可注入故障的位置。"}},
    {0},
};
static const struct cli_arg help_args[] = {
    {.name = "COMMAND",
     .optional = true,
     .many = true,
     .help = {"The command, in one or two words.", "命令，一个或两个词。"}},
    {0},
};
static const struct cli_flag help_flags[] = {
    {.name = "man",
     .type = FLAG_SWITCH,
     .help = {"Print the man page (roff).", "输出手册页（roff）。"}},
    {.name = "routes",
     .type = FLAG_SWITCH,
     .help = {"Print docs/routes.md: every route of the HTTP API.",
              "输出 docs/routes.md：HTTP 接口的所有路由。"}},
    {.name = "openapi",
     .type = FLAG_SWITCH,
     .help = {"Print the OpenAPI document of the HTTP API.", "输出 HTTP 接口的 OpenAPI 文档。"}},
    {.name = "completion",
     .type = FLAG_WORD,
     .words = shell_words,
     .help = {"Print completion for a shell.", "输出命令行补全脚本。"}},
    {0},
};

const struct command commands_start[] = {
    {.path = "init",
     .flags = init_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_init,
     .help = {"Make a home: folder, key, huiliu.yaml, database.",
              "创建主目录：文件夹、密钥、huiliu.yaml、数据库。"},
     .more = {"A home that is there stays as it is.", "已存在的主目录保持不变。"}},
    {0},
};

const struct command commands_home[] = {
    {.path = "migrate",
     .json = true,
     .level = APP_STORE,
     .migrates = true,
     .run = cmd_migrate,
     .help = {"Bring the database to this version.", "把数据库升级到此版本。"}},
    {.path = "doctor",
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_doctor,
     .help = {"Check everything a sync stands on; changes nothing.",
              "检查同步所依赖的一切；不作改动。"}},
    {.path = "settings",
     .flags = settings_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_settings,
     .help = {"Print the settings that hold and where they come from.",
              "显示生效的设置及其来源。"}},
    {.path = "version",
     .flags = version_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_version,
     .help = {"Print the versions of the program and its libraries.", "显示程序及其库的版本。"}},
    {.path = "help",
     .args = help_args,
     .flags = help_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_help,
     .help = {"Explain a command, or list them all.", "说明某个命令，或列出所有命令。"}},
    {0},
};
