/* Rows of the command line: apps and shops. */
#include "app/commands.h"

static const struct cli_arg shop_args[] = {SHOP_ARG, {0}};
#define APP_ARG                                                                                    \
    {                                                                                              \
        .name = "NAME", .help = { "Name of the app.", "应用名称。" }                               \
    }

#define SECRET_FLAGS                                                                               \
    {.name = "secret",                                                                             \
     .type = FLAG_TEXT,                                                                            \
     .value = "S",                                                                                 \
     .help = {"The secret; it shows in the process list, --secret-file does not.",                 \
              "密钥；会出现在进程列表中，--secret-file 则不会。"}},                                \
    {                                                                                              \
        .name = "secret-file", .type = FLAG_FILE, .value = "FILE", .help = {                       \
            "File whose first line is the secret; - is standard input.",                           \
            "首行为密钥的文件；- 表示标准输入。"                                   \
        }                                                                                          \
    }
static const struct cli_arg app_args[] = {APP_ARG, {0}};
static const struct cli_flag app_add_flags[] = {
    {.name = "platform",
     .type = FLAG_TEXT,
     .value = "P",
     .help = {"Platform; `huiliu connector list` shows them.",
              "平台；`huiliu connector list` 列出所有平台。"}},
    {.name = "key",
     .type = FLAG_TEXT,
     .value = "K",
     .help = {"The app's key at the platform.", "应用在平台的 key。"}},
    SECRET_FLAGS,
    {.name = "set",
     .type = FLAG_TEXT,
     .value = "NAME=VALUE",
     .many = true,
     .help = {"Another thing that the platform's manifest needs.", "平台清单需要的其他设置。"}},
    {0},
};
static const struct cli_flag app_rotate_flags[] = {
    {.name = "platform",
     .type = FLAG_TEXT,
     .value = "P",
     .help = {"Platform, where several have an app of that name.",
              "平台；多个平台有同名应用时需要。"}},
    {.name = "key", .type = FLAG_TEXT, .value = "K", .help = {"The new key.", "新的 key。"}},
    SECRET_FLAGS,
    {0},
};

#define TOKEN_FLAGS                                                                                \
    {.name = "token",                                                                              \
     .type = FLAG_TEXT,                                                                            \
     .value = "T",                                                                                 \
     .help = {"A token given by hand; it shows in the process list.",                              \
              "手工提供的令牌；会出现在进程列表中。"}},                                            \
    {                                                                                              \
        .name = "token-file", .type = FLAG_FILE, .value = "FILE", .help = {                        \
            "File whose first line is the token; - is standard input.",                            \
            "首行为令牌的文件；- 表示标准输入。"                                   \
        }                                                                                          \
    }
static const struct cli_arg shop_add_args[] = {
    {.name = "NAME", .help = {"What you call the shop.", "店铺名称，自定。"}},
    {0},
};
static const struct cli_flag shop_add_flags[] = {
    {.name = "platform",
     .type = FLAG_TEXT,
     .value = "P",
     .help = {"Platform; `huiliu connector list` shows them.",
              "平台；`huiliu connector list` 列出所有平台。"}},
    {.name = "app",
     .type = FLAG_TEXT,
     .value = "A",
     .help = {"App to call with; may be left out where the platform has one.",
              "用于调用的应用；平台只有一个应用时可省略。"}},
    {.name = "external-id",
     .type = FLAG_TEXT,
     .value = "ID",
     .help = {"The platform's number of the account.", "平台的账号编号。"}},
    TOKEN_FLAGS,
    {.name = "token-of",
     .type = FLAG_TEXT,
     .value = "SHOP",
     .help = {"Use the token of this shop: one consent covers both.",
              "使用此店铺的令牌：同一授权包括两者。"}},
    {.name = "since",
     .type = FLAG_TEXT,
     .value = "DATE",
     .help = {"First day wanted; otherwise what the manifest says.",
              "需要的最早日期；默认按清单。"}},
    {.name = "zone",
     .type = FLAG_TEXT,
     .value = "ZONE",
     .help = {"The shop's time zone, where it differs from the platform's.",
              "店铺时区；与平台不同时需要。"}},
    {.name = "proxy",
     .type = FLAG_TEXT,
     .value = "URL",
     .help = {"Proxy through which this shop is called.", "调用此店铺所经过的代理。"}},
    {.name = "set",
     .type = FLAG_TEXT,
     .value = "NAME=VALUE",
     .many = true,
     .help = {"A choice for the shop's streams (page_size, order_status …).",
              "店铺数据流的选项（page_size、order_status 等）。"}},
    {0},
};
static const struct cli_flag authorize_flags[] = {
    {.name = "code",
     .type = FLAG_TEXT,
     .value = "CODE",
     .help = {"The code, or the whole address that the consent page led to.",
              "授权码，或授权页跳转到的完整地址。"}},
    TOKEN_FLAGS,
    {0},
};
static const struct cli_flag shop_remove_flags[] = {
    {.name = "with-rows",
     .type = FLAG_SWITCH,
     .help = {"Delete its rows too, for good.", "同时永久删除其数据。"}},
    {0},
};

static const struct cli_flag shop_set_flags[] = {
    {.name = "ads-of",
     .type = FLAG_TEXT,
     .value = "STORE",
     .help = {"Whose profit its ad spend is taken off; none: of no store.",
              "投放消耗从哪个店铺的利润中扣除；none 表示不属于任何店铺。"}},
    {0},
};

const struct command commands_account[] = {
    {.path = "app add",
     .args = app_args,
     .flags = app_add_flags,
     .json = true,
     .level = APP_STORE,
     .migrates = true,
     .run = cmd_app_add,
     .help = {"Add developer credentials of a platform.", "添加某平台的开发者凭据。"}},
    {.path = "app list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_app_list,
     .help = {"List the apps.", "列出应用。"}},
    {.path = "app rotate",
     .args = app_args,
     .flags = app_rotate_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_app_rotate,
     .help = {"Change an app's key or secret.", "更换应用的 key 或密钥。"}},
    {.path = "shop add",
     .args = shop_add_args,
     .flags = shop_add_flags,
     .json = true,
     .level = APP_STORE,
     .migrates = true,
     .run = cmd_shop_add,
     .help = {"Add an authorised account.", "添加已授权的账号。"}},
    {.path = "shop list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_list,
     .help = {"List the shops.", "列出店铺。"}},
    {.path = "shop show",
     .args = shop_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_show,
     .help = {"Show a shop's settings and token state, secrets hidden.",
              "显示店铺的设置与令牌状态，隐藏机密。"}},
    {.path = "shop set",
     .args = shop_args,
     .flags = shop_set_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_set,
     .help = {"Say for which store an ad account's ads are.",
              "设置投放账号的消耗归属于哪个店铺。"}},
    {.path = "shop authorize",
     .args = shop_args,
     .flags = authorize_flags,
     .json = true,
     .level = APP_CALLS,
     .run = cmd_shop_authorize,
     .help = {"Give a shop its token: by consent page, or by hand.",
              "让店铺获得令牌：通过授权页或手工提供。"},
     .more = {"Shops of the same app that the consent covers use this token too, and those that "
              "waited for a person go on.",
              "同一应用下、该授权所包括的店铺也使用此令牌；等待人工处理的会继续。"}},
    {.path = "shop enable",
     .args = shop_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_enable,
     .help = {"Let syncs include a shop.", "让同步包含此店铺。"}},
    {.path = "shop disable",
     .args = shop_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_disable,
     .help = {"Leave a shop out; its rows stay.", "同步时跳过此店铺；其数据保留。"}},
    {.path = "shop remove",
     .args = shop_args,
     .flags = shop_remove_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_shop_remove,
     .help = {"Remove a shop with its token and tasks.", "删除店铺及其令牌与任务。"}},
    {0},
};
