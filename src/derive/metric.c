/* The catalogue read from its file, and values worked out by it. Every step is exact: integers of 128 bits, rounded
 * once. */
#include "derive/metric.h"

#include <string.h>

extern const struct embedded_file metric_files[];

enum {
    FAMILIES_MAX = 8,
    DECIMALS_MAX = 6,
    TIMES_MAX = 1000000,
    SHARE_DECIMALS = 6, /* of a weighed average: millionths */
};

/* The largest product is a value of 64 bits × TIMES_MAX × 10^(2 × DECIMALS_MAX): with a bit to spare. */
__extension__ typedef __int128 wide;

static const char *const unit_words[] = {
    [METRIC_COUNT] = "count",
    [METRIC_MONEY] = "money",
    [METRIC_SHARE] = "share",
    [METRIC_NUMBER] = "number",
    NULL,
};
static const char *const zero_words[] = {"0", "unknown", NULL};

static const struct yaml_schema text_schema = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema unit_schema = {
    .type = YAML_T_WORD, .name = "unit", .words = unit_words};
static const struct yaml_schema zero_schema = {
    .type = YAML_T_WORD, .name = "value of a division by zero", .words = zero_words};
static const struct yaml_schema names_schema = {
    .type = YAML_T_LIST, .name = "names of metrics", .each = &text_schema};
static const struct yaml_schema times_schema = {
    .type = YAML_T_INT, .name = "times", .min = 1, .max = TIMES_MAX};
static const struct yaml_schema decimals_schema = {
    .type = YAML_T_INT, .name = "decimals", .min = 1, .max = DECIMALS_MAX};

static const struct yaml_key metric_keys[] = {
    {"zh", &text_schema, true, "its name in Chinese"},
    {"en", &text_schema, true, "its name in English"},
    {"unit", &unit_schema, true, "count, money, share or number"},
    {"add", &text_schema, false, "the column that is added up"},
    {"weigh", &text_schema, false, "the column whose average it is"},
    {"by", &text_schema, false, "weigh: the column of the weights"},
    {"sum", &names_schema, false, "metrics that are added up; -name is taken away"},
    {"divide", &names_schema, false, "the first metric through the second"},
    {"times", &times_schema, false, "divide: times this, before rounding"},
    {"decimals", &decimals_schema, false, "divide: of its value; money has its currency's"},
    {"zero", &zero_schema, false, "divide: what a division by zero gives"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema metric_schema = {
    .type = YAML_T_MAP, .name = "metric", .keys = metric_keys};
static const struct yaml_schema family_schema = {
    .type = YAML_T_NAMED, .name = "family of metrics", .each = &metric_schema};
static const struct yaml_schema families_schema = {
    .type = YAML_T_NAMED, .name = "metrics", .each = &family_schema};
static const struct yaml_key file_keys[] = {
    {"metrics", &families_schema, true, "families by name"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema file_schema = {
    .type = YAML_T_MAP, .name = "metric catalogue", .keys = file_keys};

struct reading {
    struct str file;
    struct arena *arena;
    struct err *err;
};

const struct metric_family *metric_family(const struct metric_catalog *catalog, struct str name)
{
    for (size_t i = 0; i < catalog->families_len; i++)
        if (str_eq(catalog->families[i].name, name))
            return &catalog->families[i];
    return NULL;
}

size_t metric_find(const struct metric_family *family, struct str name)
{
    for (size_t i = 0; i < family->metrics_len; i++)
        if (str_eq(family->metrics[i].name, name))
            return i;
    return SIZE_MAX;
}

int metric_decimals(const struct metric *metric, int currency_exponent)
{
    return metric->unit == METRIC_MONEY ? currency_exponent : metric->decimals;
}

const char *metric_unit_word(enum metric_unit unit)
{
    return unit_words[unit];
}

/* --- reading --- */

static struct str text_of(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    return node ? node->text : STR_NONE;
}

static enum err_class kind_read(const struct reading *r, const struct yaml *node,
                                struct metric *metric)
{
    static const char *const kinds[] = {"add", "weigh", "sum", "divide"};
    size_t found = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!yaml_get(node, str_of(kinds[i])))
            continue;
        metric->kind = (enum metric_kind)i;
        found++;
    }
    if (found != 1)
        return yaml_error(r->file, node, r->err,
                          "a metric has one of \"add\", \"weigh\", \"sum\" and \"divide\"");
    bool divides = metric->kind == METRIC_DIVIDE, weighs = metric->kind == METRIC_WEIGH;
    if ((yaml_get(node, STR("by")) != NULL) != weighs)
        return yaml_error(r->file, node, r->err, "\"weigh\", and nothing else, has \"by\"");
    if ((yaml_get(node, STR("zero")) != NULL) != divides)
        return yaml_error(r->file, node, r->err, "\"divide\", and nothing else, has \"zero\"");
    if (!divides && (yaml_get(node, STR("times")) || yaml_get(node, STR("decimals"))))
        return yaml_error(r->file, node, r->err, "only \"divide\" has \"times\" and \"decimals\"");
    if (weighs && metric->unit != METRIC_SHARE)
        return yaml_error(r->file, node, r->err, "a weighed average is a share");
    if (divides && (metric->unit == METRIC_MONEY) == (yaml_get(node, STR("decimals")) != NULL))
        return yaml_error(r->file, node, r->err,
                          "a quotient says its \"decimals\"; money has those of its currency");
    return ERR_OK;
}

static enum err_class metric_read(const struct reading *r, const struct yaml_pair *pair,
                                  struct metric *metric)
{
    const struct yaml *node = &pair->value;
    int64_t times = 1, decimals = 0;
    *metric = (struct metric){
        .name = pair->key, .zh = text_of(node, "zh"), .en = text_of(node, "en")};
    struct str unit = text_of(node, "unit");
    while (!str_eq(unit, str_of(unit_words[metric->unit])))
        metric->unit++;
    enum err_class class_ = kind_read(r, node, metric);
    if (class_)
        return class_;
    metric->column = text_of(node, metric->kind == METRIC_WEIGH ? "weigh" : "add");
    metric->weight = text_of(node, "by");
    if (yaml_get(node, STR("times")))
        yaml_i64(yaml_get(node, STR("times")), &times);
    if (yaml_get(node, STR("decimals")))
        yaml_i64(yaml_get(node, STR("decimals")), &decimals);
    metric->times = times;
    metric->decimals = metric->kind == METRIC_WEIGH ? SHARE_DECIMALS : (int)decimals;
    metric->zero_known = str_eq(text_of(node, "zero"), STR("0"));
    return ERR_OK;
}

/* The metrics that another one is made of. */
static enum err_class parts_read(const struct reading *r, const struct metric_family *family,
                                 const struct yaml *node, struct metric *metric)
{
    bool sums = metric->kind == METRIC_SUM;
    const struct yaml *list = yaml_get(node, sums ? STR("sum") : STR("divide"));
    if (!list)
        return ERR_OK;
    if (sums ? list->len < 2 || list->len > METRIC_PARTS_MAX : list->len != 2)
        return yaml_error(r->file, list, r->err, "%s",
                          sums ? "2 to 8 metrics are added up" : "one metric through one other");
    for (size_t i = 0; i < list->len; i++) {
        struct str name = list->items[i].text;
        bool minus = sums && str_starts(name, STR("-"));
        size_t at = metric_find(family, minus ? str_sub(name, 1, name.len) : name);
        if (at == SIZE_MAX)
            return yaml_error(r->file, &list->items[i], r->err, "there is no metric \"%.*s\"",
                              STR_ARG(name));
        if (sums && (family->metrics[at].unit != metric->unit ||
                     metric_decimals(&family->metrics[at], 0) != metric_decimals(metric, 0)))
            return yaml_error(r->file, &list->items[i], r->err,
                              "\"%.*s\" has another unit than \"%.*s\"", STR_ARG(name),
                              STR_ARG(metric->name));
        metric->parts[i].metric = at;
        metric->parts[i].minus = minus;
        metric->parts_len++;
    }
    return ERR_OK;
}

/* Does a metric lead back to itself? Nothing that was looked at before does, so each is entered once. */
static bool leads_back(const struct metric_family *family, size_t at, unsigned char *seen)
{
    enum { ENTERED = 1, LEFT = 2 };
    bool back = seen[at] == ENTERED;
    if (seen[at])
        return back;
    seen[at] = ENTERED;
    for (size_t i = 0; !back && i < family->metrics[at].parts_len; i++)
        back = leads_back(family, family->metrics[at].parts[i].metric, seen);
    seen[at] = LEFT;
    return back;
}

static enum err_class family_read(const struct reading *r, const struct yaml_pair *pair,
                                  struct metric_family *family)
{
    const struct yaml *map = &pair->value;
    unsigned char seen[METRICS_MAX] = {0};
    if (map->len == 0 || map->len > METRICS_MAX)
        return yaml_error(r->file, map, r->err, "a family has 1 to %d metrics", METRICS_MAX);
    struct metric *metrics = arena_array(r->arena, map->len, sizeof(*metrics));
    if (!metrics)
        return err_no_memory(r->err);
    *family = (struct metric_family){
        .name = pair->key, .metrics = metrics, .metrics_len = map->len};
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < map->len; i++)
        class_ = metric_read(r, &map->pairs[i], &metrics[i]);
    for (size_t i = 0; !class_ && i < map->len; i++)
        class_ = parts_read(r, family, &map->pairs[i].value, &metrics[i]);
    for (size_t i = 0; !class_ && i < map->len; i++)
        if (leads_back(family, i, seen))
            class_ = yaml_error(r->file, &map->pairs[i].value, r->err, "\"%.*s\" is made of itself",
                                STR_ARG(metrics[i].name));
    return class_;
}

enum err_class metrics_parse(struct str file, struct str text, struct arena *arena,
                             struct metric_catalog **out, struct err *err)
{
    const struct reading r = {.file = file, .arena = arena, .err = err};
    struct yaml *root;
    enum err_class class_ = yaml_parse(file, text, arena, &root, err);
    if (!class_)
        class_ = yaml_check(file, root, &file_schema, err);
    if (class_)
        return class_;
    const struct yaml *map = yaml_get(root, STR("metrics"));
    if (map->len == 0 || map->len > FAMILIES_MAX)
        return yaml_error(file, map, err, "1 to %d families", FAMILIES_MAX);
    struct metric_catalog *catalog = arena_alloc(arena, sizeof(*catalog));
    struct metric_family *families = arena_array(arena, map->len, sizeof(*families));
    if (!catalog || !families)
        return err_no_memory(err);
    for (size_t i = 0; !class_ && i < map->len; i++)
        class_ = family_read(&r, &map->pairs[i], &families[i]);
    *catalog = (struct metric_catalog){.families = families, .families_len = map->len};
    *out = catalog;
    return class_;
}

enum err_class metrics_own(struct arena *arena, struct metric_catalog **out, struct err *err)
{
    struct str text = {(const char *)metric_files->bytes, metric_files->bytes_len};
    return metrics_parse(str_of(metric_files->name), text, arena, out, err);
}

/* --- working out --- */

struct working {
    const struct metric_family *family;
    const struct metric_sums *sums;
    int exponent;
    struct figure *out;
    bool done[METRICS_MAX];
    struct err *err;
};

static wide power_of_ten(int exponent)
{
    wide power = 1;
    for (; exponent > 0; exponent--)
        power *= 10;
    return power;
}

static wide magnitude(wide value)
{
    return value < 0 ? -value : value;
}

/* Half away from zero, as the databases' round() does it. */
static wide divided_half_up(wide number, wide by)
{
    wide quotient = (2 * magnitude(number) + magnitude(by)) / (2 * magnitude(by));
    return (number < 0) == (by < 0) ? quotient : -quotient;
}

static wide divided_half_even(wide number, wide by)
{
    wide n = magnitude(number), d = magnitude(by), quotient = n / d, twice = 2 * (n % d);
    quotient += twice > d || (twice == d && quotient % 2 == 1);
    return (number < 0) == (by < 0) ? quotient : -quotient;
}

static enum err_class figure_put(const struct working *w, size_t at, wide value)
{
    if (value < INT64_MIN || value > INT64_MAX)
        return err_set(w->err, ERR_INTERNAL, "metric_range", "%.*s is too large for 64 bits",
                       STR_ARG(w->family->metrics[at].name));
    w->out[at] = (struct figure){true, (int64_t)value};
    return ERR_OK;
}

static enum err_class weigh_work_out(const struct working *w, size_t at)
{
    const struct metric_sums *sums = w->sums;
    w->out[at] = sums->value[at];
    if (!sums->many || !sums->value[at].known)
        return ERR_OK;
    if (sums->weights[at] == 0)
        return figure_put(w, at, 0);
    return figure_put(w, at, divided_half_even(sums->weighed[at], sums->weights[at]));
}

static enum err_class sum_work_out(const struct working *w, size_t at)
{
    const struct metric *metric = &w->family->metrics[at];
    wide total = 0;
    for (size_t i = 0; i < metric->parts_len; i++) {
        const struct figure *part = &w->out[metric->parts[i].metric];
        if (!part->known)
            return ERR_OK;
        total += metric->parts[i].minus ? -(wide)part->number : (wide)part->number;
    }
    return figure_put(w, at, total);
}

static enum err_class quotient_work_out(const struct working *w, size_t at)
{
    const struct metric *metrics = w->family->metrics, *metric = &metrics[at];
    size_t above = metric->parts[0].metric, below = metric->parts[1].metric;
    struct figure a = w->out[above], b = w->out[below];
    if (!a.known || !b.known)
        return ERR_OK;
    if (b.number == 0)
        return metric->zero_known ? figure_put(w, at, 0) : ERR_OK;
    int decimals = metric_decimals(metric, w->exponent);
    wide number = (wide)a.number * metric->times *
                  power_of_ten(decimals + metric_decimals(&metrics[below], w->exponent));
    wide by = (wide)b.number * power_of_ten(metric_decimals(&metrics[above], w->exponent));
    return figure_put(w, at, divided_half_up(number, by));
}

/* What it is made of comes first; nothing leads back to itself. */
static enum err_class metric_work_out(struct working *w, size_t at)
{
    const struct metric *metric = &w->family->metrics[at];
    enum err_class class_ = ERR_OK;
    if (w->done[at])
        return ERR_OK;
    for (size_t i = 0; !class_ && i < metric->parts_len; i++)
        class_ = metric_work_out(w, metric->parts[i].metric);
    w->done[at] = true;
    w->out[at] = (struct figure){.known = false};
    if (class_)
        return class_;
    switch (metric->kind) {
    case METRIC_ADD:
        w->out[at] = w->sums->value[at];
        break;
    case METRIC_WEIGH:
        return weigh_work_out(w, at);
    case METRIC_SUM:
        return sum_work_out(w, at);
    case METRIC_DIVIDE:
        return quotient_work_out(w, at);
    }
    return ERR_OK;
}

static enum err_class exponent_check(int exponent, struct err *err)
{
    if (exponent < 0 || exponent > DECIMALS_MAX)
        return err_set(err, ERR_INTERNAL, "metric_range", "a currency of %d decimals", exponent);
    return ERR_OK;
}

enum err_class metrics_work_out_one(const struct metric_family *family,
                                    const struct metric_sums *sums, int exponent, size_t metric,
                                    struct figure *out, struct err *err)
{
    struct figure figures[METRICS_MAX];
    struct working w = {
        .family = family, .sums = sums, .exponent = exponent, .out = figures, .err = err};
    enum err_class class_ = exponent_check(exponent, err);
    if (!class_)
        class_ = metric_work_out(&w, metric);
    if (!class_)
        *out = figures[metric];
    return class_;
}

enum err_class metrics_work_out(const struct metric_family *family, const struct metric_sums *sums,
                                int exponent, struct figure *out, struct err *err)
{
    struct working w = {
        .family = family, .sums = sums, .exponent = exponent, .out = out, .err = err};
    enum err_class class_ = exponent_check(exponent, err);
    for (size_t i = 0; !class_ && i < family->metrics_len; i++)
        class_ = metric_work_out(&w, i);
    return class_;
}
