/* Rows of the command line: exchange rates, and who is in charge. */
#include "app/commands.h"

#define RATE_ARGS                                                                                  \
    {.name = "BASE",                                                                               \
     .help = {"The currency of which one unit is worth, ISO 4217.", "被折算的币种，ISO 4217。"}},  \
        {.name = "QUOTE", .help = {"So many units of this one.", "折算成的币种。"}},               \
    {                                                                                              \
        .name = "DAY", .help = {                                                                   \
            "From this day on, until the next entry: YYYY-MM-DD.",                                 \
            "生效的第一天，YYYY-MM-DD，直到下一条记录。"                           \
        }                                                                                          \
    }
static const struct cli_arg rate_set_args[] = {
    RATE_ARGS,
    {.name = "RATE",
     .help = {"A decimal number with at most nine decimals, as in 7.1234.",
              "小数，至多九位，如 7.1234。"}},
    {0},
};
static const struct cli_arg rate_day_args[] = {RATE_ARGS, {0}};
static const struct cli_flag rate_set_flags[] = {
    {.name = "source",
     .type = FLAG_TEXT,
     .value = "TEXT",
     .help = {"Where the rate is from.", "汇率来源。"}},
    {0},
};
#define SKU_ARG                                                                                    \
    SHOP_ARG,                                                                                      \
    {                                                                                              \
        .name = "SKU", .help = { "The platform's number of the SKU.", "平台的 SKU 编号。" }        \
    }
static const struct cli_arg person_set_args[] = {
    SKU_ARG,
    {.name = "PERSON", .help = {"Who is in charge of it.", "负责人。"}},
    {0},
};
static const struct cli_arg person_sku_args[] = {SKU_ARG, {0}};
static const struct cli_arg person_file_args[] = {
    {.name = "FILE",
     .help = {"xlsx or CSV with the columns sku_id and person, and perhaps shop (or SKU, 负责人, "
              "店铺).",
              "xlsx 或 CSV，列为 SKU、负责人，可选 店铺。"}},
    {0},
};
static const struct cli_flag person_file_flags[] = {IMPORT_FLAGS, {0}};
static const struct cli_flag person_list_flags[] = {ONE_SHOP_FLAG, {0}};

const struct command commands_said[] = {
    {.path = "rate set",
     .args = rate_set_args,
     .flags = rate_set_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_rate_set,
     .help = {"Store what a currency is worth from a day on.", "保存某币种从某日起的汇率。"},
     .more =
         {"Rates hold in the direction in which they are stored. Costs in another currency than the "
          "order's are converted by them.",
          "汇率只按保存的方向使用；成本与订单币种不同时按汇率折算。"}},
    {.path = "rate remove",
     .args = rate_day_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_rate_remove,
     .help = {"Take a rate away: the one before it holds on.", "删除一条汇率；之前的继续有效。"}},
    {.path = "rate list",
     .json = true,
     .level = APP_STORE,
     .run = cmd_rate_list,
     .help = {"List stored exchange rates.", "列出已保存的汇率。"}},
    {.path = "person set",
     .args = person_set_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_person_set,
     .help = {"Say who is in charge of a SKU.", "设置某 SKU 的负责人。"}},
    {.path = "person remove",
     .args = person_sku_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_person_remove,
     .help = {"Name nobody any more: the product's person holds, else the shop's.",
              "取消指定的负责人：改用商品的负责人，否则为店铺的。"}},
    {.path = "person import",
     .args = person_file_args,
     .flags = person_file_flags,
     .json = true,
     .level = APP_CALLS,
     .migrates = true,
     .run = cmd_person_import,
     .help = {"Take persons in charge from a file: as `import --as persons`.",
              "从文件导入负责人：等同于 `import --as persons`。"}},
    {.path = "person list",
     .flags = person_list_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_person_list,
     .help = {"List who is in charge of which SKU, as people said.",
              "列出人工指定的各 SKU 负责人。"}},
    {0},
};
