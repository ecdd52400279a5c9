/* What a loaded connector tells about itself. */
#include "connector/plan.h"

extern const struct embedded_file connector_files[];

const struct embedded_file *connector_builtin_files(void)
{
    return connector_files;
}

struct str connector_platform(const struct connector *connector)
{
    return connector->platform;
}

struct str connector_title(const struct connector *connector, bool chinese)
{
    return chinese ? connector->name_zh : connector->name_en;
}

const struct zone *connector_zone(const struct connector *connector)
{
    return connector->zone;
}

struct str connector_currency(const struct connector *connector)
{
    return connector->currency;
}

size_t connector_streams(const struct connector *connector)
{
    return connector->streams_len;
}

const struct stream *connector_stream_at(const struct connector *connector, size_t index)
{
    return &connector->streams[index];
}

static bool brings(const struct connector *connector, struct str table)
{
    for (size_t i = 0; i < connector->streams_len; i++)
        for (size_t j = 0; j < connector->streams[i].tables_len; j++)
            if (str_eq(connector->streams[i].tables[j]->name, table))
                return true;
    return false;
}

bool connector_is_of_ads(const struct connector *connector)
{
    return brings(connector, STR("ad_order")) && !brings(connector, STR("trade_order"));
}

const struct stream *connector_stream(const struct connector *connector, struct str name)
{
    for (size_t i = 0; i < connector->streams_len; i++)
        if (str_eq(connector->streams[i].name, name))
            return &connector->streams[i];
    return NULL;
}

const struct budget_rule *connector_budgets(const struct connector *connector, size_t *len)
{
    *len = connector->budgets_len;
    return connector->budgets;
}

const struct retry_rule *connector_retry(const struct connector *connector, enum err_class class_)
{
    return &connector->retry[class_];
}

size_t connector_needs(const struct connector *connector, bool of_app, const struct need **out)
{
    *out = connector->needs[of_app];
    return connector->needs_len[of_app];
}

const struct auth *connector_auth(const struct connector *connector)
{
    return &connector->auth;
}

static struct str field_name(const struct field_plan *field, struct str value)
{
    for (size_t i = 0; i < field->names_of.len; i++)
        if (str_eq(field->names_of.items[i], value))
            return field->names.items[i];
    return STR_NONE;
}

struct str connector_status_name(const struct connector *connector, struct str status)
{
    for (size_t i = 0; i < connector->streams_len; i++) {
        const struct table_plan *main = &connector->streams[i].plan->tables[0];
        for (size_t j = 0; j < main->fields_len; j++) {
            struct str name = field_name(&main->fields[j], status);
            if (name.ptr && main->fields[j].column == main->table->status)
                return name;
        }
    }
    return status;
}
