/* Rows of the command line: files that come in and go out. */
#include "app/commands.h"

static const struct cli_arg import_args[] = {
    {.name = "FILE",
     .optional = true,
     .help = {"An .xlsx or .csv; - is standard input.", ".xlsx 或 .csv 文件；- 表示标准输入。"}},
    {0},
};
static const struct cli_flag import_flags[] = {
    {.name = "as",
     .type = FLAG_TEXT,
     .value = "KIND",
     .help = {"What it is; --kinds lists them.", "文件的种类；用 --kinds 列出。"}},
    {.name = "shop",
     .type = FLAG_TEXT,
     .value = "SHOP",
     .help = {"Whose rows they are.", "属于哪个店铺。"}},
    {.name = "preview",
     .type = FLAG_SWITCH,
     .help = {"Read and judge it, write nothing.", "只读取并检查，不写入。"}},
    {.name = "as-of",
     .type = FLAG_TEXT,
     .value = "D",
     .help = {"When it was exported: rows that are stored and newer stay. Default: now.",
              "文件的导出时间：已存且更新的行保持不变。默认：现在。"}},
    {.name = "again",
     .type = FLAG_SWITCH,
     .help = {"Also a file that was imported before.", "即使该文件已导入过也再次导入。"}},
    {.name = "kinds",
     .type = FLAG_SWITCH,
     .help = {"List the kinds of files and the headings they must have.",
              "列出文件种类及其必需的表头。"}},
    {0},
};
static const struct cli_flag import_list_flags[] = {
    {.name = "shop",
     .type = FLAG_TEXT,
     .value = "SHOP",
     .help = {"Only this shop.", "只看此店铺。"}},
    {.name = "limit",
     .type = FLAG_INT,
     .value = "N",
     .min = 1,
     .max = 100000,
     .help = {"At most so many.", "最多显示多少条。"}},
    {0},
};
static const struct cli_arg import_id_args[] = {
    {.name = "ID", .help = {"Its number in the list.", "列表中的编号。"}},
    {0},
};

const struct command commands_files[] = {
    {.path = "import",
     .args = import_args,
     .flags = import_flags,
     .json = true,
     .level = APP_CALLS,
     .migrates = true,
     .run = cmd_import,
     .help = {"Take the rows of a file that a platform's page exported.",
              "导入平台页面导出的文件。"},
     .more =
         {"Every row is checked; those that are wrong are refused alone and named. The same file "
          "again changes nothing.",
          "每一行都会检查；有错的行单独拒收并指明。再次导入同一文件不会改变任何内容。"}},
    {.path = "import list",
     .flags = import_list_flags,
     .json = true,
     .level = APP_STORE,
     .run = cmd_import_list,
     .help = {"Files that were imported.", "已导入的文件。"}},
    {.path = "import show",
     .args = import_id_args,
     .json = true,
     .level = APP_STORE,
     .run = cmd_import_show,
     .help = {"Rows of one that were refused.", "某个文件中被拒收的行。"}},
    {0},
};
