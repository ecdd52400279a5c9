/* Rows of the command line: who may ask the API. */
#include "app/commands.h"

static const char *const role_words[] = {"viewer", "operator", "admin", NULL};
static const struct cli_arg user_args[] = {
    {.name = "NAME", .help = {"Name of the user.", "用户名。"}},
    {0},
};
#define PASSWORD_FILE_FLAG                                                                         \
    {                                                                                              \
        .name = "password-file", .type = FLAG_FILE, .value = "FILE", .help = {                     \
            "File whose first line is the password; - is standard input. Default: asked for.",     \
            "首行为密码的文件；- 表示标准输入。默认在终端询问。"           \
        }                                                                                          \
    }
static const struct cli_flag add_flags[] = {
    {.name = "role",
     .type = FLAG_WORD,
     .value = "ROLE",
     .words = role_words,
     .help = {"What he may do; default: viewer (docs/api.md).",
              "角色；默认 viewer（见 docs/api.md）。"}},
    {.name = "shop",
     .type = FLAG_TEXT,
     .value = "SHOP",
     .many = true,
     .help = {"Sees only this shop; may stand several times. Default: all.",
              "只能看到此店铺；可多次给出。默认全部。"}},
    {.name = "reveals",
     .type = FLAG_SWITCH,
     .help = {"May see personal data in the clear, with a reason each time.",
              "可查看明文个人信息，每次需填写原因。"}},
    PASSWORD_FILE_FLAG,
    {.name = "no-password",
     .type = FLAG_SWITCH,
     .help = {"For a program that has tokens only.", "供只使用令牌的程序。"}},
    {0},
};
static const struct cli_flag password_flags[] = {PASSWORD_FILE_FLAG, {0}};

const struct command commands_user[] = {
    {.path = "user add",
     .args = user_args,
     .flags = add_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_user_add,
     .help = {"Add a user of the API; the first one with --role admin.",
              "添加接口用户；首个用户请用 --role admin。"}},
    {.path = "user list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_user_list,
     .help = {"List the users of the API.", "列出接口用户。"}},
    {.path = "user passwd",
     .args = user_args,
     .flags = password_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_user_passwd,
     .help = {"Give a user another password; his sessions end.", "修改用户密码；其会话随即结束。"}},
    {.path = "user disable",
     .args = user_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_user_disable,
     .help = {"Let a user in no more.", "停用用户。"}},
    {.path = "user enable",
     .args = user_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_user_enable,
     .help = {"Let a user in again.", "重新启用用户。"}},
    {0},
};
