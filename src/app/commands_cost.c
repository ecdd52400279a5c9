/* Rows of the command line: what pieces cost. */
#include "app/commands.h"

#define COST_ARGS                                                                                  \
    SHOP_ARG, {.name = "SKU", .help = {"The platform's number of the SKU.", "平台的 SKU 编号。"}}, \
    {                                                                                              \
        .name = "DAY", .help = {                                                                   \
            "The first day on which it holds, YYYY-MM-DD in the shop's zone.",                     \
            "生效的第一天，YYYY-MM-DD，按店铺时区。"                                 \
        }                                                                                          \
    }
static const struct cli_arg set_args[] = {
    COST_ARGS,
    {.name = "COST", .help = {"What a piece costs, as in 12.34.", "每件成本，如 12.34。"}},
    {0},
};
static const struct cli_arg day_args[] = {COST_ARGS, {0}};
#define NOTE_FLAG                                                                                  \
    {                                                                                              \
        .name = "note", .type = FLAG_TEXT, .value = "TEXT", .help = { "For people.", "备注。" }    \
    }
static const struct cli_flag set_flags[] = {
    {.name = "currency",
     .type = FLAG_TEXT,
     .value = "CODE",
     .help = {"Its currency; default CNY. Orders in another one need a stored exchange rate.",
              "币种，默认 CNY；其他币种的订单需要已保存的汇率。"}},
    NOTE_FLAG,
    {0},
};
static const struct cli_flag end_flags[] = {NOTE_FLAG, {0}};
static const struct cli_flag list_flags[] = {ONE_SHOP_FLAG, {0}};
static const struct cli_arg import_args[] = {
    {.name = "FILE",
     .help =
         {"xlsx or CSV with the columns sku_id, from_day, cost, and perhaps shop, currency and note "
          "(or SKU, 生效日期, 成本, 店铺, 币种, 备注). An empty cost: nobody knows from that day on.",
          "xlsx 或 CSV，列为 SKU、生效日期、成本，可选 店铺、币种、备注；成本为空表示从该日起未知。"}},
    {0},
};
static const struct cli_flag import_flags[] = {IMPORT_FLAGS, {0}};

const struct command commands_cost[] = {
    {.path = "cost set",
     .args = set_args,
     .flags = set_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_cost_set,
     .help = {"Say what a piece of a SKU costs from a day on, until the next entry.",
              "设置某 SKU 从某日起的单件成本，直到下一条记录。"}},
    {.path = "cost end",
     .args = day_args,
     .flags = end_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_cost_end,
     .help = {"Say that from a day on nobody knows what it costs.", "声明从某日起成本未知。"}},
    {.path = "cost remove",
     .args = day_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_cost_remove,
     .help = {"Take an entry away: the one before it holds on.",
              "删除一条成本记录；之前的记录继续有效。"}},
    {.path = "cost list",
     .flags = list_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_cost_list,
     .help = {"List costs with their days.", "列出成本及其生效日期。"}},
    {.path = "cost import",
     .args = import_args,
     .flags = import_flags,
     .json = true,
     .level = APP_CALLS,
     .migrates = true,
     .run = cmd_cost_import,
     .help = {"Take costs from a file: as `import --as costs`.",
              "从文件导入成本：等同于 `import --as costs`。"},
     .more = {"Rows that are wrong are refused alone and named; a file that names several shops is "
              "taken for each of them.",
              "有错的行单独拒收并指明；文件含多个店铺时逐店导入。"}},
    {0},
};
