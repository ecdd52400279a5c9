/* Rows of the command line: connectors. */
#include "app/commands.h"

static const struct cli_arg check_args[] = {
    {.name = "NAME",
     .optional = true,
     .many = true,
     .help = {"A platform or a manifest's file.", "平台名或清单文件。"}},
    {0},
};
static const struct cli_arg platform_args[] = {
    {.name = "NAME", .optional = true, .many = true, .help = {"A platform.", "平台名。"}},
    {0},
};
static const struct cli_arg one_platform_args[] = {
    {.name = "NAME",
     .optional = true,
     .help = {"A platform; without it the manifest language is described.",
              "平台名；省略时说明清单语言。"}},
    {0},
};
static const struct cli_flag test_flags[] = {
    {.name = "fixtures",
     .type = FLAG_FILE,
     .value = "DIR",
     .help = {"Folder of recorded replies; default: connectors/fixtures.",
              "录制回复所在的文件夹；默认：connectors/fixtures。"}},
    {0},
};
static const struct cli_flag trace_flags[] = {
    FROM_FLAG,
    TO_FLAG,
    {.name = "by",
     .type = FLAG_WORD,
     .words = command_by_words,
     .help = {"Which time the window means.", "窗口所指的时间。"}},
    {0},
};
static const struct cli_flag replay_flags[] = {
    {.name = "diff",
     .type = FLAG_SWITCH,
     .help = {"Say what would change; the default.", "说明会改变什么；默认。"}},
    {.name = "apply", .type = FLAG_SWITCH, .help = {"Write it.", "写入。"}},
    {0},
};

const struct command commands_connector[] = {
    {.path = "connector list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_connector_list,
     .help = {"List the platforms.", "列出平台。"}},
    {.path = "connector check",
     .args = check_args,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_connector_check,
     .help = {"Compile manifests and reproduce their signature examples.",
              "编译清单并复现其签名示例。"}},
    {.path = "connector test",
     .args = platform_args,
     .flags = test_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_connector_test,
     .help = {"Map recorded replies and compare with the rows expected.",
              "映射录制的回复并与预期的行比较。"}},
    {.path = "connector trace",
     .args = command_shop_stream_args,
     .flags = trace_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_connector_trace,
     .help = {"Show a request and the text it signs, secrets hidden; no call.",
              "显示请求及其签名原文，隐藏机密；不发出调用。"}},
    {.path = "connector docs",
     .args = one_platform_args,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_connector_docs,
     .help = {"Describe a platform's streams and columns, or the manifest language.",
              "说明平台的数据流与列，或清单语言。"}},
    {.path = "connector replay",
     .args = command_shop_stream_args,
     .flags = replay_flags,
     .json = true,
     .level = APP_CALLS,
     .run = cmd_connector_replay,
     .help =
         {"Map stored originals again, each by the manifest that made it, and say what differs; no call. STREAM may be a kind of file too.",
          "按各自的清单重新映射保存的原始记录并说明差异；不发出调用。STREAM 也可为文件种类。"}},
    {0},
};
