/* Private to commands.c and the commands_*.c: what several rows of the command line share. */
#ifndef HUILIU_APP_COMMANDS_H
#define HUILIU_APP_COMMANDS_H

#include "app/cmd.h"

/* One list a group of commands, each ending with a NULL path. Commands of one first word stand together. */
extern const struct command commands_start[], commands_account[], commands_sync[], commands_files[],
    commands_service[], commands_connector[], commands_home[], commands_user[], commands_cost[],
    commands_said[];

/* By what --from and --to are meant. */
extern const char *const command_by_words[];
extern const struct cli_arg command_shop_stream_args[];

#define SHOP_ARG                                                                                   \
    {                                                                                              \
        .name = "SHOP", .help = {                                                                  \
            "Name of a shop, PLATFORM/NAME or #ID.",                                               \
            "店铺名称、平台/名称 或 #编号。"                                          \
        }                                                                                          \
    }
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
#define IMPORT_FLAGS                                                                               \
    {.name = "shop",                                                                               \
     .type = FLAG_TEXT,                                                                            \
     .value = "SHOP",                                                                              \
     .help = {"Whose rows they are; a file that names its shops may do without.",                  \
              "属于哪个店铺；文件自带店铺列时可省略。"}},                                          \
        {.name = "preview",                                                                        \
         .type = FLAG_SWITCH,                                                                      \
         .help = {"Read and judge it, write nothing.", "只读取并检查，不写入。"}},                 \
        {.name = "as-of",                                                                          \
         .type = FLAG_TEXT,                                                                        \
         .value = "D",                                                                             \
         .help = {"When it was exported: rows that are stored and newer stay. Default: now.",      \
                  "文件的导出时间：已存且更新的行保持不变。默认：现在。"}},                        \
    {                                                                                              \
        .name = "again", .type = FLAG_SWITCH, .help = {                                            \
            "Also a file that was imported before.",                                               \
            "即使该文件已导入过也再次导入。"                                        \
        }                                                                                          \
    }
#define PLATFORM_FLAG                                                                              \
    {                                                                                              \
        .name = "platform", .type = FLAG_TEXT, .value = "P", .help = {                             \
            "Every shop of this platform, also those that come later.",                            \
            "该平台的全部店铺，包括以后添加的。"                                  \
        }                                                                                          \
    }

#endif
