/* The table of options, and the values that hold. */
#include <assert.h>

#include "app/option_internal.h"
#include "coord/coord.h"
#include "store/store.h"

static const char *const language_words[] = {"auto", "en", "zh", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const level_words[] = {"debug", "info", "warn", "error", "off", NULL};

static const struct option table[OPTIONS] = {
    [OPTION_STORE] = {.key = "store",
                      .type = OPTION_DATABASE,
                      .standard = "sqlite:huiliu.db",
                      .help = {"The database. A relative path lies in the home.",
                               "数据库。相对路径位于主目录内。"}},
    [OPTION_COORD] =
        {.key = "coord",
         .type = OPTION_COORDINATOR,
         .standard = "auto",
         .help =
             {"Where processes agree on quotas and locks: `local` is this process alone; `database` the "
              "store; `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME]` a Redis or Valkey server; "
              "`auto` is `database` where the store is a server, else `local` (docs/coord.md).",
              "进程间共享配额与锁的地方：`local` 表示只有本进程；`database` 为所用的数据库；"
              "`redis://[[用户]:密码@]主机[:端口][/库][?prefix=名称]` 为 Redis 或 Valkey 服务器；"
              "`auto` 在数据库为服务器时即 `database`，否则为 `local`"
              "（见 docs/coord.md）。"}},
    [OPTION_WORKERS] = {.key = "workers",
                        .type = OPTION_INT,
                        .standard = "8",
                        .min = 1,
                        .max = 64,
                        .help = {"How many shops are read at the same time.",
                                 "同时读取多少个店铺。"}},
    [OPTION_TASKS_PER_CLAIM] =
        {.key = "tasks_per_claim",
         .type = OPTION_INT,
         .standard = "256",
         .min = 1,
         .max = 256,
         .help =
             {"Most tasks that a process takes at once: as many as it has idle workers, and more where they take "
              "milliseconds; fewer spread what comes at once over more processes.",
              "一个进程一次最多领取的任务数：与其空闲的 worker 一样多，任务只需几毫秒时更多；较小的值可把同时到来的任务分给更多进程。"}},
    [OPTION_TASK_SECONDS] =
        {.key = "task_seconds",
         .type = OPTION_INT,
         .standard = "3600",
         .min = 0,
         .max = 604800,
         .help =
             {"Seconds after which a task that still runs is stuck: it is stopped at its next page and put back; "
              "0: never. A task that gets on yields by itself after 30 s.",
              "任务运行超过此秒数视为卡住：在下一页后停止并放回队列；0 表示不限。正常的任务 30 秒后会自行让出。"}},
    [OPTION_STORE_READERS] =
        {.key = "store_readers",
         .type = OPTION_INT,
         .standard = "0",
         .min = 0,
         .max = STORE_READERS_MAX,
         .help =
             {"Most read connections of a process; 0: 4 on SQLite, 8 on a server. A process has four more.",
              "每个进程最多的读连接数；0：SQLite 为 4，服务器为 8。另有四个其他连接。"}},
    [OPTION_STORE_WAIT_SECONDS] =
        {.key = "store_wait_seconds",
         .type = OPTION_INT,
         .standard = "5",
         .min = 1,
         .max = 600,
         .help =
             {"How long a read waits while all read connections are in use, before it fails with `store_busy`.",
              "所有读连接都在使用时，一次读取等待多久；之后以 `store_busy` 失败。"}},
    [OPTION_STORE_RECYCLE_MINUTES] =
        {.key = "store_recycle_minutes",
         .type = OPTION_INT,
         .standard = "30",
         .min = 0,
         .max = 10080,
         .help = {"Age at which a read connection to a server is opened anew; 0: never.",
                  "到服务器的读连接存在多久后重新建立；0 表示从不。"}},
    [OPTION_STORE_PING_SECONDS] =
        {.key = "store_ping_seconds",
         .type = OPTION_INT,
         .standard = "60",
         .min = 0,
         .max = 86400,
         .help =
             {"Idle time after which a read connection to a server is asked whether it lives before it is used; 0: "
              "never.",
              "到服务器的读连接空闲多久后，使用前先检查是否仍可用；0 表示从不。"}},
    [OPTION_LISTEN] =
        {.key = "listen",
         .restart = true,
         .type = OPTION_TEXT,
         .standard = "127.0.0.1:8080",
         .help =
             {"Where `run` and `serve` answer HTTP (docs/api.md), as 127.0.0.1:8080 or [::1]:8080; empty: nowhere.",
              "`run` 与 `serve` 提供 HTTP 接口的地址，如 127.0.0.1:8080 或 [::1]:8080；为空则不提供（见 docs/api.md）。"}},
    [OPTION_API_THREADS] = {.key = "api_threads",
                            .restart = true,
                            .type = OPTION_INT,
                            .standard = "8",
                            .min = 1,
                            .max = 32,
                            .help = {"How many requests of the API are worked on at the same time.",
                                     "接口同时处理多少个请求。"}},
    [OPTION_API_RATE] =
        {.key = "api_rate",
         .restart = true,
         .type = OPTION_INT,
         .standard = "100",
         .min = 0,
         .max = 1000000,
         .help =
             {"Requests a second that one user, or one address that is not signed in, may make, and four times that at "
              "once; 0: no bound.",
              "每个用户（或每个未登录地址）每秒允许的请求数，瞬时可达四倍；0 表示不限。"}},
    [OPTION_API_CONNECTIONS] =
        {.key = "api_connections",
         .restart = true,
         .type = OPTION_INT,
         .standard = "128",
         .min = 0,
         .max = 1024,
         .help =
             {"Connections that one address may have at once, of 1,024 in all; of an address behind a named proxy "
              "(`trusted_proxies`) requests at once; 0: no bound.",
              "每个地址同时最多的连接数（总共 1,024 个）；对已列出的代理（`trusted_proxies`）之后的地址，为同时处理的请求数；0 表示不限。"}},
    [OPTION_CORS_ORIGINS] =
        {.key = "cors_origins",
         .restart = true,
         .type = OPTION_TEXT,
         .standard = "",
         .help =
             {"Origins whose pages may call the API, with commas, as https://shop.example; empty: none.",
              "允许其页面调用接口的来源，逗号分隔，如 https://shop.example；为空则都不允许。"}},
    [OPTION_BEHIND_TLS] =
        {.key = "behind_tls",
         .restart = true,
         .type = OPTION_WORD,
         .standard = "no",
         .words = yes_words,
         .help =
             {"`yes` when people reach the API by https through a proxy: its cookies are then sent by https only.",
              "通过代理以 https 访问接口时设为 `yes`：其 Cookie 只通过 https 发送。"}},
    [OPTION_TRUSTED_PROXIES] =
        {.key = "trusted_proxies",
         .restart = true,
         .type = OPTION_TEXT,
         .standard = "",
         .help =
             {"Addresses of proxies whose X-Forwarded-For is believed, with commas; empty: nobody's. Through one that is not named "
              "all who ask count as one address, with one bound of connections, requests and wrong passwords: `huiliu status` and "
              "`huiliu doctor` say so.",
              "信任其 X-Forwarded-For 的代理地址，逗号分隔；为空则都不信任。经未列出的代理而来的所有人被视为同一地址，共用连接数、请求数与"
              "密码错误的限制：`huiliu status` 与 `huiliu doctor` 会指出。"}},
    [OPTION_KEEP_EVENTS] = {.key = "keep_events",
                            .type = OPTION_INT,
                            .standard = "30",
                            .min = 1,
                            .max = 3650,
                            .help = {"Days that events (`huiliu logs`) are kept, 500,000 at most.",
                                     "事件（`huiliu logs`）保留的天数，最多 500,000 条。"}},
    [OPTION_KEEP_EXECUTIONS] = {.key = "keep_executions",
                                .type = OPTION_INT,
                                .standard = "30",
                                .min = 1,
                                .max = 3650,
                                .help = {"Days that recorded tries of tasks are kept.",
                                         "任务执行记录保留的天数。"}},
    [OPTION_KEEP_SNAPSHOTS] = {.key = "keep_snapshots",
                               .type = OPTION_INT,
                               .standard = "0",
                               .min = 0,
                               .max = 3650,
                               .help = {"Days that ad figures of every five minutes are kept; 0: "
                                        "for ever. Life and day figures always stay.",
                                        "每五分钟广告数据快照保留的天数；0 表示永久保留。"
                                        "累计与每日数据始终保留。"}},
    [OPTION_LANGUAGE] = {.key = "language",
                         .type = OPTION_WORD,
                         .standard = "auto",
                         .words = language_words,
                         .help = {"Language of the command line; `auto` follows LC_ALL and LANG.",
                                  "命令行的语言；`auto` 跟随 LC_ALL 与 LANG。"}},
    [OPTION_ZONE] = {.key = "zone",
                     .type = OPTION_TZ,
                     .standard = "",
                     .help = {"Zone in which times are shown and read; empty: each shop's own.",
                              "显示和读取时间所用的时区；为空时用各店铺自己的时区。"}},
    [OPTION_LOG_LEVEL] = {.key = "log_level",
                          .type = OPTION_WORD,
                          .standard = "warn",
                          .words = level_words,
                          .help = {"The least serious event that is logged.",
                                   "记录日志的最低级别。"}},
    [OPTION_LOG_FILE] = {.key = "log_file",
                         .type = OPTION_TEXT,
                         .standard = "",
                         .help = {"Log file, JSON lines; empty: standard error.",
                                  "日志文件（每行一个 JSON）；为空时写到标准错误。"}},
    [OPTION_LOG_MAX_MB] = {.key = "log_max_mb",
                           .type = OPTION_INT,
                           .standard = "50",
                           .min = 1,
                           .max = 10000,
                           .help = {"Size at which a log file gives way to a new one (MB).",
                                    "日志文件达到此大小（MB）后换新文件。"}},
    [OPTION_LOG_KEEP_DAYS] = {.key = "log_keep_days",
                              .type = OPTION_INT,
                              .standard = "14",
                              .min = 1,
                              .max = 3650,
                              .help = {"Days that old log files are kept.",
                                       "旧日志文件保留的天数。"}},
    [OPTION_LOG_KEEP_FILES] = {.key = "log_keep_files",
                               .type = OPTION_INT,
                               .standard = "20",
                               .min = 0,
                               .max = LOGFILE_FILES_MAX,
                               .help = {"How many old log files are kept at most.",
                                        "最多保留的旧日志文件数。"}},
    [OPTION_PLATFORM_BASE_URL] =
        {.key = "platforms.*.base_url",
         .type = OPTION_URL,
         .standard = "",
         .help = {"Replaces every host of this platform's manifest (sandbox, tests).",
                  "替换该平台清单中的所有主机（沙箱、测试）。"}},
    [OPTION_PLATFORM_PROXY] = {.key = "platforms.*.proxy",
                               .type = OPTION_URL,
                               .standard = "",
                               .secret = true,
                               .help = {"Proxy through which this platform is called.",
                                        "调用该平台所经过的代理。"}},
};

const struct str option_variable_prefix = {"HUILIU_", 7};
static const struct str platforms_prefix = {"platforms.*.", 12};

const struct option *option_table(void)
{
    return table;
}

bool option_is_of_platform(enum option_id id)
{
    return str_starts(str_of(table[id].key), platforms_prefix);
}

/* "proxy" of "platforms.*.proxy"; a plain key as it is. */
struct str option_key_tail(enum option_id id)
{
    struct str key = str_of(table[id].key);
    return option_is_of_platform(id) ? str_sub(key, platforms_prefix.len, key.len) : key;
}

static void capitals_write(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool lower = c >= 'a' && c <= 'z';
        buf_add_char(out, lower ? (char)(c - 'a' + 'A') : c == '.' || c == '-' ? '_' : c);
    }
}

void option_variable_write(struct buf *out, enum option_id id, struct str platform)
{
    struct str key = str_of(table[id].key);
    size_t star = str_find_char(key, '*');
    buf_add(out, option_variable_prefix);
    capitals_write(out, str_sub(key, 0, star));
    if (star == SIZE_MAX)
        return;
    capitals_write(out, platform);
    capitals_write(out, str_sub(key, star + 1, key.len));
}

/* --- checking a value --- */

static enum err_class database_check(struct str text, struct err *err)
{
    struct str scheme, path;
    bool has_scheme = str_cut(text, ':', &scheme, &path);
    if (has_scheme && str_eq(scheme, STR("sqlite")) && path.len > 0)
        return ERR_OK;
    static const char *const servers[] = {"postgresql", "postgres", "mysql", "mariadb"};
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
        if (has_scheme && str_eq(scheme, str_of(servers[i])) && str_starts(path, STR("//")))
            return ERR_OK;
    /* The text may hold a password: it is not repeated. */
    return err_say(err, ERR_CONFIG, "store_unknown", MSG_STORE_UNKNOWN, M_END);
}

static enum err_class coordinator_check(struct str text, struct err *err)
{
    if (str_eq(text, STR("auto")) || str_eq(text, STR("local")) || str_eq(text, STR("database")))
        return ERR_OK;
    if (str_starts(text, STR("redis:")))
        return coord_url_check(text, err);
    if (str_starts(text, STR("rediss:")))
        return err_say(err, ERR_CONFIG, "coord_tls", MSG_COORD_TLS, M_END);
    return err_say(err, ERR_CONFIG, "coord_unknown", MSG_COORD_UNKNOWN, M_END);
}

/* The address without USER:PASSWORD@, which a proxy may have and url_parse refuses. */
static enum err_class address_check(struct str text, struct err *err)
{
    size_t scheme_end = str_find(text, STR("://"));
    size_t at = str_find_char(text, '@');
    struct url url;
    if (scheme_end == SIZE_MAX || at == SIZE_MAX || at < scheme_end)
        return url_parse(text, &url, err);
    struct buf bare;
    buf_init(&bare, URL_BYTES_MAX);
    buf_add(&bare, str_sub(text, 0, scheme_end + 3));
    buf_add(&bare, str_sub(text, at + 1, text.len));
    enum err_class class_ = bare.failed ? err_no_memory(err) : url_parse(buf_str(&bare), &url, err);
    buf_fini(&bare);
    return class_;
}

static enum err_class number_check(const struct option *option, struct str text, struct err *err)
{
    int64_t number;
    if (str_to_i64(text, &number) && number >= option->min && number <= option->max)
        return ERR_OK;
    return err_say(err, ERR_CONFIG, "option_number", MSG_OPTION_NUMBER, M_STR(text),
                   M_I64(option->min), M_I64(option->max), M_END);
}

static enum err_class word_check(const struct option *option, struct str text, struct err *err)
{
    struct buf words;
    buf_init(&words, 1024);
    for (const char *const *word = option->words; *word; word++) {
        if (str_eq(text, str_of(*word))) {
            buf_fini(&words);
            return ERR_OK;
        }
        buf_printf(&words, "%s%s", word == option->words ? "" : ", ", *word);
    }
    err_say(err, ERR_CONFIG, "option_word", MSG_OPTION_WORD, M_STR(text), M_STR(buf_str(&words)),
            M_END);
    buf_fini(&words);
    return ERR_CONFIG;
}

static enum err_class value_check(enum option_id id, struct str text, struct err *err)
{
    const struct option *option = &table[id];
    const struct zone *zone;
    if (text.len == 0 && *option->standard == '\0')
        return ERR_OK;
    switch (option->type) {
    case OPTION_TEXT:
        return ERR_OK;
    case OPTION_INT:
        return number_check(option, text, err);
    case OPTION_WORD:
        return word_check(option, text, err);
    case OPTION_URL:
        return address_check(text, err);
    case OPTION_TZ:
        return zone_find(text, &zone, err);
    case OPTION_DATABASE:
        return database_check(text, err);
    case OPTION_COORDINATOR:
        return coordinator_check(text, err);
    }
    assert(false); /* every type is listed above */
    return ERR_INTERNAL;
}

/* --- keeping values --- */

const struct option_value *option_value_find(const struct options *options, enum option_id id,
                                             struct str platform)
{
    for (size_t i = 0; i < options->values_len; i++) {
        const struct option_value *value = &options->values[i];
        if (value->id == id && str_eq(value->platform, platform))
            return value;
    }
    return NULL;
}

/* A later source replaces an earlier one. */
enum err_class option_value_put(struct options *options, struct option_value value,
                                struct arena *arena, struct err *err)
{
    enum err_class class_ = value_check(value.id, value.text, err);
    if (class_ != ERR_OK)
        return class_;
    size_t at = 0;
    while (at < options->values_len && (options->values[at].id != value.id ||
                                        !str_eq(options->values[at].platform, value.platform)))
        at++;
    if (at == OPTION_VALUES_MAX)
        return err_say(err, ERR_CONFIG, "option_many", MSG_OPTION_MANY, M_I64(OPTION_VALUES_MAX),
                       M_END);
    value.platform = arena_dup(arena, value.platform);
    value.text = arena_dup(arena, value.text);
    if (!value.platform.ptr || !value.text.ptr)
        return err_no_memory(err);
    options->values[at] = value;
    if (at == options->values_len)
        options->values_len++;
    return ERR_OK;
}

/* --- reading values --- */

struct str option_text(const struct options *options, enum option_id id)
{
    const struct option_value *value = option_value_find(options, id, STR_NONE);
    return value ? value->text : str_of(table[id].standard);
}

int64_t option_int(const struct options *options, enum option_id id)
{
    int64_t number;
    bool good = str_to_i64(option_text(options, id), &number);
    assert(good && "checked when it was loaded");
    return good ? number : 0;
}

struct str option_of_platform(const struct options *options, enum option_id id, struct str platform)
{
    const struct option_value *value = option_value_find(options, id, platform);
    return value ? value->text : str_of(table[id].standard);
}

const char *option_origin_name(enum option_origin origin)
{
    static const char *const names[] = {"default", "huiliu.yaml", ".env", "environment"};
    return names[origin];
}
