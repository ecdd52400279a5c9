/* The catalogue: what each number is called, its unit, and what it is made of. */
#include "api/host.h"
#include "api/out.h"
#include "api/route.h"

static const char *const kind_words[] = {[METRIC_ADD] = "add",
                                         [METRIC_WEIGH] = "weigh",
                                         [METRIC_SUM] = "sum",
                                         [METRIC_DIVIDE] = "divide"};

static void parts_write(struct out *out, struct arena *arena, const struct metric_family *family,
                        const struct metric *metric)
{
    out_list(out, "parts");
    for (size_t i = 0; i < metric->parts_len; i++) {
        struct str name = family->metrics[metric->parts[i].metric].name;
        out_text(out, NULL,
                 metric->parts[i].minus ? arena_printf(arena, "-%.*s", STR_ARG(name)) : name);
    }
    out_end_list(out);
}

static void metric_write(struct out *out, struct arena *arena, const struct metric_family *family,
                         const struct metric *metric)
{
    out_object(out, NULL);
    out_text(out, "name", metric->name);
    out_text(out, "zh", metric->zh);
    out_text(out, "en", metric->en);
    out_text(out, "unit", str_of(metric_unit_word(metric->unit)));
    out_text(out, "formula", str_of(kind_words[metric->kind]));
    if (metric->kind == METRIC_SUM || metric->kind == METRIC_DIVIDE)
        parts_write(out, arena, family, metric);
    if (metric->kind == METRIC_DIVIDE) {
        out_int(out, "times", metric->times);
        out_text(out, "divided_by_zero", metric->zero_known ? STR("0") : STR("unknown"));
    }
    if (metric->unit != METRIC_MONEY)
        out_int(out, "decimals", metric_decimals(metric, 2));
    out_end_object(out);
}

static enum err_class metrics(struct call *call, struct err *err)
{
    const struct metric_catalog *catalog = call->host->metrics;
    struct out out;
    (void)err;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    for (size_t i = 0; i < catalog->families_len; i++) {
        const struct metric_family *family = &catalog->families[i];
        out_list(&out, arena_dup(call->arena, family->name).ptr);
        for (size_t j = 0; j < family->metrics_len; j++)
            metric_write(&out, call->arena, family, &family->metrics[j]);
        out_end_list(&out);
    }
    out_end_object(&out);
    return ERR_OK;
}

const struct route metric_routes[] = {
    {ROUTE_GET, "/api/v1/metrics", "metrics", RIGHT_READ, NULL, metrics,
     .summary = "Every number that answers hold: its names, its unit, what it is made of",
     .answer = "Metrics"},
    {0},
};
