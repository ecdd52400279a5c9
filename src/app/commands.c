/* The table of commands. Parsing, help, the man page and the completion follow from it; a command that
 * is not here does not exist. */
#include "app/cmd.h"

#define SHOP_ARG                                                                                   \
    {                                                                                              \
        .name = "SHOP", .help = {                                                                  \
            "Name of a shop, PLATFORM/NAME or #ID.",                                               \
            "店铺名称、平台/名称 或 #编号。"                                          \
        }                                                                                          \
    }
#define STREAM_ARG                                                                                 \
    {                                                                                              \
        .name = "STREAM", .help = { "Name of a stream.", "数据流名称。" }                          \
    }
#define APP_ARG                                                                                    \
    {                                                                                              \
        .name = "NAME", .help = { "Name of the app.", "应用名称。" }                               \
    }

static const char *const by_words[] = {"updated", "created", NULL};
static const char *const state_words[] = {"ready", "running", "dead", NULL};
static const char *const shell_words[] = {"bash", NULL};

static const struct cli_arg shop_args[] = {SHOP_ARG, {0}};
static const struct cli_arg shop_stream_args[] = {SHOP_ARG, STREAM_ARG, {0}};

/* --- home --- */

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
    {.name = "completion",
     .type = FLAG_WORD,
     .words = shell_words,
     .help = {"Print completion for a shell.", "输出命令行补全脚本。"}},
    {0},
};

/* --- app --- */

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

/* --- shop --- */

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

/* --- sync, status, prove --- */

#define SHOP_FLAG                                                                                  \
    {                                                                                              \
        .name = "shop", .type = FLAG_TEXT, .value = "SHOP", .many = true, .help = {                \
            "Only this shop.",                                                                     \
            "只处理此店铺。"                                                                \
        }                                                                                          \
    }
#define FROM_FLAG                                                                                  \
    {                                                                                              \
        .name = "from", .type = FLAG_TEXT, .value = "D", .help = {                                 \
            "Start: a date, date-time, unix seconds or 7d (days ago), in the shop's zone.",        \
            "起点：日期、日期时间、unix 秒或 7d（几天前），按店铺时区。"  \
        }                                                                                          \
    }
#define TO_FLAG                                                                                    \
    {                                                                                              \
        .name = "to", .type = FLAG_TEXT, .value = "D", .help = {                                   \
            "End, in the same forms; a date means its last second. Default: now.",                 \
            "终点，写法相同；日期指当天最后一秒。默认：现在。"             \
        }                                                                                          \
    }
static const struct cli_flag sync_flags[] = {
    SHOP_FLAG,
    {.name = "stream",
     .type = FLAG_TEXT,
     .value = "T",
     .many = true,
     .help = {"Only this stream.", "只处理此数据流。"}},
    {.name = "platform",
     .type = FLAG_TEXT,
     .value = "P",
     .help = {"Only shops of this platform.", "只处理此平台的店铺。"}},
    FROM_FLAG,
    TO_FLAG,
    {.name = "full",
     .type = FLAG_SWITCH,
     .help = {"Read everything again, from the shop's start to now.",
              "从店铺起点到现在全部重读。"}},
    {.name = "order",
     .type = FLAG_TEXT,
     .value = "ID",
     .many = true,
     .help = {"Read this record again.", "重读此记录。"}},
    {.name = "by",
     .type = FLAG_WORD,
     .words = by_words,
     .help = {"Which time --from and --to mean; default: created where there is one.",
              "--from 与 --to 所指的时间；默认按创建时间。"}},
    {.name = "set",
     .type = FLAG_TEXT,
     .value = "NAME=VALUE",
     .many = true,
     .help = {"A choice for this sync only.", "仅对本次同步有效的选项。"}},
    {.name = "workers",
     .type = FLAG_INT,
     .value = "N",
     .min = 1,
     .max = 64,
     .help = {"How many shops are read at the same time.", "同时读取多少个店铺。"}},
    {0},
};
static const struct cli_flag status_flags[] = {SHOP_FLAG, {0}};
static const struct cli_flag range_flags[] = {FROM_FLAG, TO_FLAG, {0}};

/* --- rejects, tasks --- */

#define LIMIT_FLAG                                                                                 \
    {                                                                                              \
        .name = "limit", .type = FLAG_INT, .value = "N", .min = 1, .max = REPORT_ROWS_MAX,         \
        .help = {                                                                                  \
            "At most so many lines.",                                                              \
            "最多显示的行数。"                                                             \
        }                                                                                          \
    }
#define ONE_SHOP_FLAG                                                                              \
    {                                                                                              \
        .name = "shop", .type = FLAG_TEXT, .value = "SHOP", .help = {                              \
            "Only of this shop.",                                                                  \
            "只看此店铺。"                                                                   \
        }                                                                                          \
    }
static const struct cli_flag reject_list_flags[] = {
    ONE_SHOP_FLAG,
    {.name = "stream",
     .type = FLAG_TEXT,
     .value = "T",
     .help = {"Only of this stream.", "只看此数据流。"}},
    LIMIT_FLAG,
    {0},
};
static const struct cli_flag reject_replay_flags[] = {
    {.name = "all", .type = FLAG_SWITCH, .help = {"Every reject.", "全部拒收记录。"}},
    ONE_SHOP_FLAG,
    {.name = "stream",
     .type = FLAG_TEXT,
     .value = "T",
     .help = {"With --all: only of this stream.", "与 --all 同用：只处理此数据流。"}},
    {0},
};
static const struct cli_arg id_args[] = {
    {.name = "ID", .help = {"Its number in the list.", "列表中的编号。"}},
    {0},
};
static const struct cli_arg ids_args[] = {
    {.name = "ID",
     .optional = true,
     .many = true,
     .help = {"Their numbers in the list.", "列表中的编号。"}},
    {0},
};
static const struct cli_arg maybe_id_args[] = {
    {.name = "ID", .optional = true, .help = {"Its number in the list.", "列表中的编号。"}},
    {0},
};
static const struct cli_flag task_list_flags[] = {
    {.name = "state",
     .type = FLAG_WORD,
     .words = state_words,
     .help = {"Only tasks in this state.", "只看此状态的任务。"}},
    {.name = "active",
     .type = FLAG_SWITCH,
     .help = {"As --state running.", "同 --state running。"}},
    {.name = "ready", .type = FLAG_SWITCH, .help = {"As --state ready.", "同 --state ready。"}},
    {.name = "dead", .type = FLAG_SWITCH, .help = {"As --state dead.", "同 --state dead。"}},
    ONE_SHOP_FLAG,
    LIMIT_FLAG,
    {0},
};
static const struct cli_flag task_retry_flags[] = {
    {.name = "dead", .type = FLAG_SWITCH, .help = {"Every dead task.", "全部失败的任务。"}},
    {0},
};

/* --- the service --- */

#define PLATFORM_FLAG                                                                              \
    {                                                                                              \
        .name = "platform", .type = FLAG_TEXT, .value = "P", .help = {                             \
            "Every shop of this platform, also those that come later.",                            \
            "该平台的全部店铺，包括以后添加的。"                                  \
        }                                                                                          \
    }
static const struct cli_flag service_flags[] = {
    {.name = "workers",
     .type = FLAG_INT,
     .value = "N",
     .min = 1,
     .max = 64,
     .help = {"How many shops are read at the same time.", "同时读取多少个店铺。"}},
    {0},
};
static const struct cli_flag scope_flags[] = {ONE_SHOP_FLAG, PLATFORM_FLAG, {0}};
static const struct cli_flag cancel_flags[] = {
    ONE_SHOP_FLAG,
    PLATFORM_FLAG,
    {.name = "all", .type = FLAG_SWITCH, .help = {"Every task.", "全部任务。"}},
    {0},
};

/* --- budgets --- */

#define BUDGET_ARG                                                                                 \
    {                                                                                              \
        .name = "KEY", .help = {                                                                   \
            "A key of `budget list`, or PLATFORM/NAME for every app or shop.",                     \
            "`budget list` 中的键，或 平台/名称 表示所有应用或店铺。"           \
        }                                                                                          \
    }
static const struct cli_arg budget_args[] = {BUDGET_ARG, {0}};
static const struct cli_arg budget_set_args[] = {
    BUDGET_ARG,
    {.name = "RATE",
     .help = {"Calls per duration, as in 10/1s; 0: nothing is called.",
              "每段时间的调用次数，如 10/1s；0 表示不调用。"}},
    {0},
};
static const struct cli_flag budget_set_flags[] = {
    {.name = "burst",
     .type = FLAG_INT,
     .value = "N",
     .min = 1,
     .max = 1000000,
     .help = {"Calls at once after a rest; default: those of RATE.",
              "空闲后可连续调用的次数；默认与 RATE 相同。"}},
    {0},
};

/* --- the service in the background --- */

static const struct cli_flag install_flags[] = {
    {.name = "user",
     .type = FLAG_TEXT,
     .value = "NAME",
     .help = {"Whom the service runs as; default: the home's owner.",
              "服务以哪个用户运行；默认为主目录的所有者。"}},
    {.name = "print",
     .type = FLAG_SWITCH,
     .help = {"Print the unit; write nothing.", "只输出单元文件，不写入。"}},
    {.name = "force",
     .type = FLAG_SWITCH,
     .help = {"Replace a file that was not written for this home.",
              "替换不是为此主目录写的文件。"}},
    {0},
};
#define FOLLOW_FLAG                                                                                \
    {                                                                                              \
        .name = "follow", .type = FLAG_SWITCH, .help = {                                           \
            "Go on with what is added, until Ctrl-C; also -f.",                                    \
            "持续输出新增内容，直到 Ctrl-C；也可用 -f。"                           \
        }                                                                                          \
    }
static const struct cli_flag service_logs_flags[] = {
    FOLLOW_FLAG,
    {.name = "lines",
     .type = FLAG_INT,
     .value = "N",
     .min = 0,
     .max = REPORT_ROWS_MAX,
     .help = {"How many of the last lines; default: 50.", "最后多少行；默认 50。"}},
    {0},
};

/* --- what happened --- */

static const char *const event_levels[] = {"debug", "info", "warn", "error", NULL};
static const struct cli_flag logs_flags[] = {
    {.name = "task",
     .type = FLAG_INT,
     .value = "ID",
     .min = 1,
     .max = INT64_MAX,
     .help = {"Only this task, whichever process runs it; --follow ends when it is over.",
              "只看此任务，不论由哪个进程执行；--follow 在其结束时退出。"}},
    ONE_SHOP_FLAG,
    {.name = "level",
     .type = FLAG_WORD,
     .words = event_levels,
     .help = {"The least serious that is shown; default: info. warn: what went wrong.",
              "显示的最低级别；默认 info。warn：只看出错的。"}},
    {.name = "since",
     .type = FLAG_TEXT,
     .value = "D",
     .help = {"From then on: a date, date-time, unix seconds or 2h (hours ago).",
              "从何时起：日期、日期时间、unix 秒或 2h（几小时前）。"}},
    {.name = "lines",
     .type = FLAG_INT,
     .value = "N",
     .min = 0,
     .max = FEED_LINES_MAX,
     .help = {"How many of the last lines; default: 50, with --task or --since all.",
              "最后多少行；默认 50，给出 --task 或 --since 时为全部。"}},
    FOLLOW_FLAG,
    {0},
};

/* --- connectors --- */

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
     .words = by_words,
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

const struct command command_table[] = {
    {.path = "init",
     .flags = init_flags,
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_init,
     .help = {"Make a home: folder, key, huiliu.yaml, database.",
              "创建主目录：文件夹、密钥、huiliu.yaml、数据库。"},
     .more = {"A home that is there stays as it is.", "已存在的主目录保持不变。"}},
    {.path = "app add",
     .args = app_args,
     .flags = app_add_flags,
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
     .level = APP_STORE,
     .run = cmd_app_rotate,
     .help = {"Change an app's key or secret.", "更换应用的 key 或密钥。"}},
    {.path = "shop add",
     .args = shop_add_args,
     .flags = shop_add_flags,
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
    {.path = "shop authorize",
     .args = shop_args,
     .flags = authorize_flags,
     .level = APP_CALLS,
     .run = cmd_shop_authorize,
     .help = {"Give a shop its token: by consent page, or by hand.",
              "让店铺获得令牌：通过授权页或手工提供。"},
     .more = {"Shops of the same app that the consent covers use this token too, and those that "
              "waited for a person go on.",
              "同一应用下、该授权所包括的店铺也使用此令牌；等待人工处理的会继续。"}},
    {.path = "shop enable",
     .args = shop_args,
     .level = APP_STORE,
     .run = cmd_shop_enable,
     .help = {"Let syncs include a shop.", "让同步包含此店铺。"}},
    {.path = "shop disable",
     .args = shop_args,
     .level = APP_STORE,
     .run = cmd_shop_disable,
     .help = {"Leave a shop out; its rows stay.", "同步时跳过此店铺；其数据保留。"}},
    {.path = "shop remove",
     .args = shop_args,
     .flags = shop_remove_flags,
     .level = APP_STORE,
     .run = cmd_shop_remove,
     .help = {"Remove a shop with its token and tasks.", "删除店铺及其令牌与任务。"}},
    {.path = "sync",
     .flags = sync_flags,
     .json = true,
     .level = APP_CALLS,
     .migrates = true,
     .run = cmd_sync,
     .help = {"Read what is new and prove that nothing is missing.",
              "读取新数据，并证明没有遗漏。"},
     .more =
         {"Without a range it goes on from where the last one ended. Stopping it (Ctrl-C) loses nothing: "
          "the same command goes on.",
          "不给范围时从上次结束处继续。中途停止（Ctrl-C）不会丢失：再次运行同一命令即可继续。"}},
    {.path = "run",
     .flags = service_flags,
     .level = APP_HOME,
     .run = cmd_run,
     .help = {"Keep every shop up to date by itself, until it is told to end.",
              "自动保持所有店铺最新，直到被要求结束。"},
     .more =
         {"SIGTERM or Ctrl-C ends it within seconds and loses nothing; SIGHUP reads the settings again. Shops "
          "that are added, enabled or authorised meanwhile are noticed.",
          "SIGTERM 或 Ctrl-C 在数秒内结束且不会丢失；SIGHUP 重新读取设置。期间添加、启用或授权的店铺会被自动识别。"}},
    {.path = "worker",
     .flags = service_flags,
     .level = APP_HOME,
     .run = cmd_worker,
     .help = {"Only do tasks; a scheduler elsewhere makes them.",
              "只执行任务；由别处的调度器产生任务。"}},
    {.path = "worker list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_worker_list,
     .help = {"List the processes that do tasks.", "列出执行任务的进程。"}},
    {.path = "scheduler",
     .level = APP_HOME,
     .run = cmd_scheduler,
     .help = {"Only make tasks when they are due; several may run.",
              "只按时产生任务；可同时运行多个。"}},
    {.path = "service install",
     .flags = install_flags,
     .level = APP_HOME,
     .run = cmd_service_install,
     .help = {"Write a systemd unit for this home and say what comes next.",
              "为此主目录写入 systemd 单元，并提示下一步。"},
     .more = {"As root for the machine, otherwise for your own systemd.",
              "root 时写入系统单元，否则写入你自己的 systemd。"}},
    {.path = "service start",
     .level = APP_HOME,
     .run = cmd_service_start,
     .help = {"Start the service in the background; done when it says that it runs.",
              "在后台启动服务；服务报告就绪后才返回。"},
     .more =
         {"By systemd where it runs, otherwise by a supervisor that starts it again when it ends.",
          "有 systemd 时由其启动，否则由自带的监管进程启动，结束后自动重启。"}},
    {.path = "service stop",
     .level = APP_NOTHING,
     .run = cmd_service_stop,
     .help = {"End the service and wait until it is gone.", "结束服务并等待其退出。"}},
    {.path = "service restart",
     .level = APP_HOME,
     .run = cmd_service_restart,
     .help = {"Stop it and start it again.", "停止后重新启动。"}},
    {.path = "service status",
     .json = true,
     .level = APP_NOTHING,
     .run = cmd_service_status,
     .help = {"Does the service run? Exit code 0: yes, 3: no.",
              "服务是否在运行？退出码 0：是，3：否。"}},
    {.path = "service logs",
     .flags = service_logs_flags,
     .level = APP_NOTHING,
     .run = cmd_service_logs,
     .help = {"Show the last lines of its log.", "显示其日志的最后几行。"}},
    {.path = "service supervise",
     .level = APP_HOME,
     .run = cmd_service_supervise,
     .help = {"What `service start` puts into the background, for an init of your own.",
              "`service start` 放入后台的监管进程，供自有 init 使用。"}},
    {.path = "logs",
     .flags = logs_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_logs,
     .help = {"What happened, of all processes together: tries of tasks, and what needs attention.",
              "所有进程发生的事：任务的执行，以及需要注意的情况。"},
     .more =
         {"From the database, whichever machine it happened on. What one process prints is in its log file "
          "(`log_file`) or in `huiliu service logs`. With --json a line is one object.",
          "来自数据库，不论发生在哪台机器。单个进程的输出在其日志文件（`log_file`）或 `huiliu service logs` 中。使用 --json 时每行一个对象。"}},
    {.path = "pause",
     .flags = scope_flags,
     .level = APP_STORE,
     .run = cmd_pause,
     .help = {"Let a shop, a platform or everything rest; nothing is lost.",
              "暂停一个店铺、一个平台或全部；不会丢失。"}},
    {.path = "resume",
     .flags = scope_flags,
     .level = APP_STORE,
     .run = cmd_resume,
     .help = {"Let what was paused go on.", "恢复被暂停的。"},
     .more = {"Without a flag everything goes on, also what was paused alone.",
              "不带选项时全部恢复，包括单独暂停的。"}},
    {.path = "status",
     .flags = status_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_status,
     .help = {"How far each stream of each shop has come.", "每个店铺每个数据流的进度。"}},
    {.path = "prove",
     .args = shop_stream_args,
     .flags = range_flags,
     .json = true,
     .level = APP_CALLS,
     .run = cmd_prove,
     .help = {"Print the evidence of a range as JSON.", "以 JSON 输出某范围的证据。"}},
    {.path = "reject list",
     .flags = reject_list_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_reject_list,
     .help = {"List records that were refused alone.", "列出被单独拒收的记录。"}},
    {.path = "reject show",
     .args = id_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_reject_show,
     .help = {"Show one reject.", "显示一条拒收记录。"}},
    {.path = "reject replay",
     .args = ids_args,
     .flags = reject_replay_flags,
     .level = APP_CALLS,
     .run = cmd_reject_replay,
     .help = {"Map kept rejects again, without a call.", "重新映射保留的拒收记录，不发出调用。"}},
    {.path = "task list",
     .flags = task_list_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_task_list,
     .help = {"List what is waiting, running or dead.", "列出等待、运行或失败的任务。"}},
    {.path = "task depth",
     .json = true,
     .level = APP_STORE,
     .run = cmd_task_depth,
     .help = {"Count tasks by class, and since when the oldest is ready.",
              "按类别统计任务，以及最早就绪的时间。"}},
    {.path = "task show",
     .args = id_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_task_show,
     .help = {"Show one task.", "显示一个任务。"}},
    {.path = "task retry",
     .args = maybe_id_args,
     .flags = task_retry_flags,
     .level = APP_STORE,
     .run = cmd_task_retry,
     .help = {"Make a dead task ready again.", "让失败的任务重新就绪。"}},
    {.path = "task cancel",
     .args = maybe_id_args,
     .flags = cancel_flags,
     .level = APP_STORE,
     .run = cmd_task_cancel,
     .help =
         {"Take a task away, or those of a shop or platform; one that runs ends at its next page.",
          "取消一个任务，或某店铺、平台的任务；正在运行的会在下一页后结束。"}},
    {.path = "budget list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_budget_list,
     .help = {"Show what each platform allows and how it is used.",
              "显示各平台的调用配额及其使用情况。"}},
    {.path = "budget set",
     .args = budget_set_args,
     .flags = budget_set_flags,
     .level = APP_STORE,
     .run = cmd_budget_set,
     .help = {"Set a limit in the place of the manifest's, within two seconds everywhere.",
              "用此限额代替清单中的限额，两秒内在所有进程生效。"}},
    {.path = "budget reset",
     .args = budget_args,
     .level = APP_STORE,
     .run = cmd_budget_reset,
     .help = {"Go back to the manifest's limit and forget what was learned and blocked.",
              "恢复清单中的限额，并清除已学到的速率与暂停。"}},
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
     .args = shop_stream_args,
     .flags = trace_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_connector_trace,
     .help = {"Show a request and the text it signs, secrets hidden; no call.",
              "显示请求及其签名原文，隐藏机密；不发出调用。"}},
    {.path = "connector docs",
     .args = one_platform_args,
     .level = APP_NOTHING,
     .run = cmd_connector_docs,
     .help = {"Describe a platform's streams and columns, or the manifest language.",
              "说明平台的数据流与列，或清单语言。"}},
    {.path = "connector replay",
     .args = shop_stream_args,
     .flags = replay_flags,
     .json = true,
     .level = APP_CALLS,
     .run = cmd_connector_replay,
     .help = {"Map stored originals again and say what differs; no call.",
              "重新映射保存的原始记录并说明差异；不发出调用。"}},
    {.path = "migrate",
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
     .level = APP_NOTHING,
     .run = cmd_help,
     .help = {"Explain a command, or list them all.", "说明某个命令，或列出所有命令。"}},
    {0},
};
