/* Rows of the command line: a sync, what came of it, what it refused, its tasks and budgets. */
#include "app/commands.h"

static const char *const state_words[] = {"ready", "running", "dead", NULL};
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
     .words = command_by_words,
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

static const struct cli_flag cancel_flags[] = {
    ONE_SHOP_FLAG,
    PLATFORM_FLAG,
    {.name = "all", .type = FLAG_SWITCH, .help = {"Every task.", "全部任务。"}},
    {0},
};

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

const struct command commands_sync[] = {
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
    {.path = "status",
     .flags = status_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_status,
     .help = {"How far each stream of each shop has come.", "每个店铺每个数据流的进度。"}},
    {.path = "prove",
     .args = command_shop_stream_args,
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
    {0},
};
