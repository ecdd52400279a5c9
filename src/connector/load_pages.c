/* Pages: what they add to a request, and where a reply says how many there are and what comes next. */
#include "connector/loader.h"

/* What pages add to the request: `text` at the place that the key names. */
static enum err_class load_page_param(struct stream_work *w, const struct yaml *place_node,
                                      struct str text)
{
    enum place place;
    struct str name;
    const struct template *template;
    enum err_class class_ = load_place(w->loader, place_node, &place, &name);
    if (class_ == ERR_OK)
        class_ = load_template_text(w->loader, place_node, text, &template);
    if (class_ == ERR_OK)
        class_ = load_param_add(w->loader, &w->loader->extra[place], name, template);
    return class_;
}

static enum err_class load_size(struct stream_work *w, const struct yaml *size)
{
    w->plan->size_max = 0;
    if (!size)
        return ERR_OK;
    w->plan->size_max = load_int(size, "max", 0);
    w->stream->pages.size = load_int(size, "default", w->plan->size_max);
    if (w->plan->size_max > PAGE_RECORDS_MAX || w->stream->pages.size > w->plan->size_max)
        return yaml_error(w->loader->file, size, w->loader->err,
                          "a page has at most %d records, and its default at most \"max\"",
                          PAGE_RECORDS_MAX);
    return load_page_param(w, yaml_get(size, STR("in")), STR("{page.size}"));
}

static enum err_class load_cursor(struct stream_work *w, const struct yaml *cursor)
{
    struct loader *loader = w->loader;
    const struct yaml *join = yaml_get(cursor, STR("join"));
    w->plan->cursor_first = load_dup(loader, load_text(cursor, "first"));
    if (!w->plan->cursor_first.ptr)
        return err_no_memory(loader->err);
    enum err_class class_ = load_page_param(w, yaml_get(cursor, STR("in")), STR("{page.position}"));
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, cursor, "from", &w->plan->cursor);
    if (class_ != ERR_OK)
        return class_;
    class_ = load_template_text(loader, join ? join : cursor, join ? join->text : STR("text"),
                                &w->plan->cursor_join);
    if (class_ == ERR_OK && join && template_is_constant(w->plan->cursor_join) &&
        !str_eq(join->text, STR("json")) && !str_eq(join->text, STR("comma")) &&
        !str_eq(join->text, STR("text")))
        return yaml_error(loader->file, join, loader->err,
                          "a cursor is joined as json, comma or text");
    return class_;
}

/* Which keys belong to which kind, so that a key of another kind is not silently without effect. */
static enum err_class check_pages(const struct stream_work *w, const struct yaml *node)
{
    static const char *const number_only[] = {"page", "first", "last", "stable", "backward", NULL};
    struct loader *loader = w->loader;
    enum page_kind kind = w->stream->pages.kind;
    for (size_t i = 0; number_only[i]; i++) {
        const struct yaml *key = yaml_get(node, str_of(number_only[i]));
        if (key && kind != PAGES_NUMBER)
            return yaml_error(loader->file, key, loader->err,
                              "\"%s\" belongs to pages of kind number", number_only[i]);
    }
    if (yaml_get(node, STR("cursor")) && kind != PAGES_CURSOR)
        return yaml_error(loader->file, yaml_get(node, STR("cursor")), loader->err,
                          "\"cursor\" belongs to pages of kind cursor");
    if (kind == PAGES_CURSOR && !yaml_get(node, STR("cursor")))
        return yaml_error(loader->file, node, loader->err, "pages of kind cursor need \"cursor\"");
    if (kind == PAGES_NUMBER && (!yaml_get(node, STR("page")) || !yaml_get(node, STR("size"))))
        return yaml_error(loader->file, node, loader->err,
                          "pages of kind number need \"page\" and \"size\"");
    return ERR_OK;
}

enum err_class load_pages(struct stream_work *w)
{
    static const char *const kinds[] = {"none",   "number", "cursor", "offset",
                                        "keyset", "link",   NULL};
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("pages"));
    const struct yaml *page = yaml_get(node, STR("page"));
    const struct yaml *more = yaml_get(node, STR("more"));
    w->stream->pages.kind = (enum page_kind)load_word(node, "kind", kinds, PAGES_NONE);
    w->stream->pages.first = load_int(node, "first", 1);
    w->stream->pages.stable = load_flag(node, "stable", false);
    w->stream->pages.backward = load_flag(node, "backward", false);
    if (w->stream->pages.kind > PAGES_CURSOR)
        return yaml_error(loader->file, yaml_get(node, STR("kind")), loader->err,
                          "pages of kind %s are reserved; not built yet",
                          kinds[w->stream->pages.kind]);
    enum err_class class_ = check_pages(w, node);
    if (class_ == ERR_OK && page)
        class_ = load_page_param(w, page, STR("{page.number}"));
    if (class_ == ERR_OK && w->stream->pages.kind == PAGES_CURSOR)
        class_ = load_cursor(w, yaml_get(node, STR("cursor")));
    if (class_ == ERR_OK)
        class_ = load_size(w, yaml_get(node, STR("size")));
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "last", &w->plan->last);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("total")), &w->plan->total);
    w->stream->pages.has_total = w->plan->total.len > 0;
    if (class_ == ERR_OK && more)
        class_ = loader_names(loader, NAMES_REPLY, NULL);
    return class_ == ERR_OK && more ? load_expr(loader, more, &w->plan->more) : class_;
}
