/* Which columns a sheet has: the list's own with words for people, those that were asked for, or a sheet of
 * compat/sheets.yaml. */
#include <string.h>

#include "api/export.h"
#include "api/host.h"

extern const struct embedded_file sheet_files[];

/* --- words for columns that are no metrics --- */

static const struct {
    const char *name, *zh, *en;
} headings[] = {
    {"shop", "店铺编号", "Shop number"},
    {"order_id", "订单号", "Order"},
    {"parent_id", "父订单号", "Parent order"},
    {"task_id", "任务号", "Task"},
    {"item_id", "视频号", "Video"},
    {"status", "状态", "Status"},
    {"stage", "阶段", "Stage"},
    {"title", "标题", "Title"},
    {"author_name", "作者", "Author"},
    {"author_id", "作者号", "Author number"},
    {"scene", "场景", "Scene"},
    {"renew_count", "续投次数", "Renewals"},
    {"delivery_hours", "投放时长", "Hours"},
    {"created_at", "下单时间", "Placed"},
    {"day", "下单日", "Day"},
    {"ended_at", "结束时间", "Ended"},
    {"currency", "币种", "Currency"},
    {"told", "有数据", "Has figures"},
    {"final", "已定", "Final"},
    {"figures_at", "数据时间", "Figures of"},
    {"counts", "计入销售", "Counts as sale"},
    {"paid_at", "支付时间", "Paid"},
    {"updated_at", "更新时间", "Updated"},
    {"ship_by_at", "最晚发货", "Ship by"},
    {"shipped_at", "发货时间", "Shipped"},
    {"late", "延迟发货", "Late"},
    {"deliver_by_at", "最晚送达", "Deliver by"},
    {"delivered_at", "送达时间", "Delivered"},
    {"sku_id", "SKU", "SKU"},
    {"spu_id", "SPU", "SPU"},
    {"sku_code", "SKU货号", "SKU code"},
    {"sku_name", "商品名称", "Name"},
    {"person", "负责人", "In charge"},
    {"package_id", "包裹号", "Parcel"},
    {"poi_id", "门店号", "Place number"},
    {"poi_name", "门店", "Place"},
    {"country", "国家", "Country"},
    {"region", "省份", "Region"},
    {"city", "城市", "City"},
    {"phone", "电话", "Phone"},
    {"contact_name", "联系人", "Contact"},
    {"unit_price", "单价", "Unit price"},
    {"pay_amount", "支付金额", "Paid amount"},
    {"unit_cost", "单件成本", "Unit cost"},
    {"at", "时间", "At"},
    {"shop_name", "店铺", "Shop"},
    {"name", "名称", "Name"},
    {"week", "周", "Week"},
    {"month", "月", "Month"},
    {"from", "起", "From"},
    {"to", "止", "To"},
    {"cover", "封面", "Cover"},
    {"parts.order_id", "子订单号", "Part"},
    {"newest_order_at", "最近下单", "Newest order"},
    {"provisional", "未定", "Provisional"},
    {"po_id", "PO单号", "PO"},
    {"bill", "账单", "Bill"},
    {"line", "行", "Line"},
    {"content", "内容摘要", "Content"},
    {"nth", "相同行序号", "Nth of those alike"},
    {"kind", "种类", "Kind"},
    {"billed_at", "账单时间", "Billed"},
    {"sales", "销售回款", "Sales"},
    {"sales_discounted", "折后销售", "Sales discounted"},
    {"reversal", "销售冲回", "Reversal"},
    {"shipping", "运费", "Shipping"},
    {"shipping_discounted", "折后运费", "Shipping discounted"},
    {"first_mile", "头程", "First mile"},
    {"last_mile", "尾程", "Last mile"},
    {"charged_weight", "计费重", "Charged weight"},
    {"deduction", "扣款", "Deduction"},
    {"revenue", "收入", "Revenue"},
    {"orders", "订单数", "Orders"},
    {"parcels", "包裹数", "Parcels"},
    {"cost_unknown", "成本未知", "Cost unknown"},
    {"goods_cost", "货款成本", "Cost of goods"},
    {"cost", "成本", "Cost"},
    {"profit", "利润", "Profit"},
    {"rate", "利润率", "Margin"},
    {"pieces", "件数", "Pieces"},
    {"gmv", "销售额", "Sales"},
    {"received", "实收", "Received"},
    {"refunds", "退款", "Refunds"},
    {"freight", "运费", "Freight"},
    {"commission", "佣金", "Commission"},
    {"profit_before_ads", "广告前利润", "Profit before ads"},
    {"part", "部分", "Part"},
    {"average_7d", "七日均值", "Average of 7 days"},
    {"growth", "增长", "Growth"},
    {"sold", "已售", "Sold"},
    {"daily_average", "日均", "A day"},
    {"priority", "优先级", "Priority"},
    {"unknown", "金额未知", "Amount unknown"},
    {"amount", "金额", "Amount"},
    {"collected", "已回款", "Collected"},
    {"from_day", "生效日", "From day"},
    {"note", "备注", "Note"},
    {"who", "操作人", "Who"},
    {"changed_at", "修改时间", "Changed"},
    {"base", "原币种", "Of one"},
    {"quote", "目标币种", "In"},
    {"rate_billionths", "汇率（十亿分之一）", "Rate in billionths"},
    {"source", "来源", "Source"},
    {"skc_id", "SKC", "SKC"},
    {"price", "价格", "Price"},
    {"category", "类目", "Category"},
    {"image", "图片", "Picture"},
    {"listed_at", "上架时间", "Listed"},
    {"active", "在售", "On sale"},
    {"stock", "库存", "Stock"},
    {"id", "编号", "Number"},
    {"shop.id", "店铺编号", "Shop number"},
    {"shop.name", "店铺", "Shop"},
    {"shop.platform", "平台", "Platform"},
    {"platform", "平台", "Platform"},
    {"stream", "数据流", "Stream"},
    {"table", "表", "Table"},
    {"state", "状态", "State"},
    {"mode", "方式", "Mode"},
    {"error", "错误", "Error"},
    {"code", "代码", "Code"},
    {"reason", "原因", "Reason"},
    {"action", "操作", "Action"},
    {"subject", "对象", "Subject"},
    {"user", "用户", "User"},
    {"role", "角色", "Role"},
    {"before", "之前", "Before"},
    {"after", "之后", "After"},
    {"next", "下一步", "Next step"},
    {"what", "情况", "What"},
    {"rows", "行数", "Rows"},
    {"file", "文件", "File"},
};

struct str export_heading(struct str name, bool chinese)
{
    for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++)
        if (str_eq(str_of(headings[i].name), name))
            return str_of(chinese ? headings[i].zh : headings[i].en);
    return name;
}

/* --- columns of the list --- */

enum sheet_kind export_metric_kind(const struct metric *metric)
{
    switch (metric->unit) {
    case METRIC_COUNT:
        return SHEET_INTEGER;
    case METRIC_MONEY:
        return SHEET_MONEY;
    case METRIC_SHARE:
        return SHEET_SHARE;
    case METRIC_NUMBER:
        break;
    }
    return SHEET_NUMBER;
}

static enum sheet_kind plain_kind(enum list_kind kind)
{
    switch (kind) {
    case LIST_ID:
    case LIST_NUMBER:
        return SHEET_ID;
    case LIST_INT:
        return SHEET_INTEGER;
    case LIST_BOOL:
        return SHEET_BOOL;
    case LIST_TIME:
        return SHEET_TIME;
    case LIST_DAY:
        return SHEET_DAY;
    case LIST_MONEY:
        return SHEET_MONEY;
    case LIST_TEXT:
    case LIST_METRIC:
        break;
    }
    return SHEET_TEXT;
}

static void column_add(struct export_layout *layout, const struct list_query *query, size_t at,
                       bool chinese)
{
    const struct list_column *column = &query->list->columns[at];
    struct sheet_column *sheet = &layout->sheet[layout->len];
    struct export_column *out = &layout->columns[layout->len++];
    *out = (struct export_column){.column = at, .metric = SIZE_MAX};
    *sheet = (struct sheet_column){.name = column->name,
                                   .heading = export_heading(str_of(column->name), chinese),
                                   .kind = plain_kind(column->kind)};
    if (column->kind != LIST_METRIC)
        return;
    out->metric = metric_find(query->family, str_of(column->name));
    const struct metric *metric = &query->family->metrics[out->metric];
    sheet->heading = chinese ? metric->zh : metric->en;
    sheet->kind = export_metric_kind(metric);
    sheet->decimals = metric_decimals(metric, 2);
}

/* The number of a shop says nothing to people: its name stands beside it. */
static void shop_name_add(struct export_layout *layout, size_t at, bool chinese)
{
    layout->sheet[layout->len] = (struct sheet_column){
        .name = "shop_name", .heading = chinese ? STR("店铺") : STR("Shop"), .kind = SHEET_TEXT};
    layout->columns[layout->len++] = (struct export_column){
        .how = EXPORT_SHOP, .column = at, .metric = SIZE_MAX};
}

static enum err_class column_named(struct call *call, struct export_layout *layout,
                                   const struct list_query *query, struct str name, bool chinese,
                                   struct err *err)
{
    const struct list_column *columns = query->list->columns;
    bool shop_name = str_eq(name, STR("shop_name"));
    struct str known[LIST_COLUMNS_MAX];
    size_t len = 0;
    for (size_t i = 0; columns[i].name; i++) {
        if (columns[i].hidden || columns[i].filters)
            continue;
        known[len++] = str_of(columns[i].name);
        if (str_eq(str_of(columns[i].name), shop_name ? STR("shop") : name)) {
            if (shop_name)
                shop_name_add(layout, i, chinese);
            else
                column_add(layout, query, i, chinese);
            return ERR_OK;
        }
    }
    size_t nearest = str_nearest(name, known, len);
    return call_refuse(call, "columns", "column_unknown", err,
                       nearest == SIZE_MAX ? "the list has no column \"%.*s\""
                                           : "the list has no column \"%.*s\"; did you mean "
                                             "\"%.*s\"?",
                       STR_ARG(name), STR_ARG(nearest == SIZE_MAX ? STR("") : known[nearest]));
}

static enum err_class columns_of_list(struct call *call, const struct list_query *query,
                                      struct export_layout *layout, struct err *err)
{
    const struct list_column *columns = query->list->columns;
    const struct arg *wanted = call_arg(call, "columns");
    bool chinese = str_eq(call_text(call, "lang"), STR("zh"));
    enum err_class class_ = ERR_OK;
    layout->title = str_of(query->list->name);
    for (size_t i = 0; !class_ && i < wanted->texts_len && i < SHEET_COLUMNS_MAX; i++)
        class_ = column_named(call, layout, query, wanted->texts[i], chinese, err);
    if (class_ || wanted->texts_len > 0)
        return class_;
    for (size_t i = 0; columns[i].name; i++) {
        if (columns[i].hidden || columns[i].filters)
            continue;
        column_add(layout, query, i, chinese);
        if (str_eq(str_of(columns[i].name), STR("shop")))
            shop_name_add(layout, i, chinese);
    }
    return ERR_OK;
}

/* --- sheets of compat/sheets.yaml --- */

static const char *const as_words[] = {"id",     "text", "count", "money", "number",
                                       "status", "shop", "time",  NULL};
static const struct yaml_schema text = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema as = {.type = YAML_T_WORD, .name = "as", .words = as_words};
static const struct yaml_schema hundred = {
    .type = YAML_T_INT, .name = "times", .min = 100, .max = 100};
static const struct yaml_schema zero = {.type = YAML_T_INT, .name = "else", .min = -1, .max = 1};
static const struct yaml_key column_keys[] = {
    {"heading", &text, true, ""},
    {"of", &text, true, ""},
    {"as", &as, true, ""},
    {"times", &hundred, false, ""},
    {"form", &text, false, ""},
    {"else", &zero, false, ""},
    {0},
};
static const struct yaml_schema column = {
    .type = YAML_T_MAP, .name = "column", .keys = column_keys};
static const struct yaml_schema columns_schema = {
    .type = YAML_T_LIST, .name = "columns", .each = &column};
static const struct yaml_key sheet_keys[] = {{"title", &text, true, ""},
                                             {"list", &text, true, ""},
                                             {"columns", &columns_schema, true, ""},
                                             {0}};
static const struct yaml_schema sheet_schema = {
    .type = YAML_T_MAP, .name = "sheet", .keys = sheet_keys};
static const struct yaml_schema sheets_schema = {
    .type = YAML_T_NAMED, .name = "sheets", .each = &sheet_schema};

static struct str text_of(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    return node ? node->text : STR_NONE;
}

static enum err_class fixed_column(const struct list_query *query, const struct yaml *node,
                                   struct export_layout *layout, struct err *err)
{
    static const enum sheet_kind kinds[] = {SHEET_ID,     SHEET_TEXT, SHEET_INTEGER, SHEET_MONEY,
                                            SHEET_NUMBER, SHEET_TEXT, SHEET_TEXT,    SHEET_TEXT};
    static const enum export_how hows[] = {EXPORT_PLAIN, EXPORT_PLAIN,  EXPORT_PLAIN, EXPORT_PLAIN,
                                           EXPORT_PLAIN, EXPORT_STATUS, EXPORT_SHOP,  EXPORT_TIME};
    const struct list_column *columns = query->list->columns;
    struct str of = text_of(node, "of"), word = text_of(node, "as");
    size_t at = 0, which = 0;
    while (columns[at].name && !str_eq(str_of(columns[at].name), of))
        at++;
    if (!columns[at].name)
        return yaml_error(STR("compat/sheets.yaml"), yaml_get(node, STR("of")), err,
                          "the list has no column \"%.*s\"", STR_ARG(of));
    while (!str_eq(word, str_of(as_words[which])))
        which++;
    column_add(layout, query, at, true);
    struct sheet_column *sheet = &layout->sheet[layout->len - 1];
    struct export_column *out = &layout->columns[layout->len - 1];
    sheet->heading = text_of(node, "heading");
    sheet->kind = kinds[which];
    out->how = hows[which];
    out->form = text_of(node, "form");
    out->zero = yaml_get(node, STR("else")) != NULL;
    if (yaml_get(node, STR("times")))
        sheet->decimals -= 2;
    return ERR_OK;
}

static enum err_class columns_of_sheet(struct call *call, const struct list_query *query,
                                       struct export_layout *layout, struct err *err)
{
    struct yaml *root;
    struct str bytes = {(const char *)sheet_files[0].bytes, sheet_files[0].bytes_len};
    struct str file = STR("compat/sheets.yaml"), name = call_text(call, "sheet");
    enum err_class class_ = yaml_parse(file, bytes, call->arena, &root, err);
    if (!class_)
        class_ = yaml_check(file, root, &sheets_schema, err);
    if (class_)
        return class_;
    const struct yaml *node = yaml_get(root, name);
    if (!node || !str_eq(text_of(node, "list"), str_of(query->list->name)))
        return call_refuse(call, "sheet", "sheet_unknown", err,
                           "this list has no sheet \"%.*s\"; compat/sheets.yaml has them all",
                           STR_ARG(name));
    layout->title = text_of(node, "title");
    const struct yaml *columns = yaml_get(node, STR("columns"));
    for (size_t i = 0; !class_ && i < columns->len && i < SHEET_COLUMNS_MAX; i++)
        class_ = fixed_column(query, &columns->items[i], layout, err);
    return class_;
}

/* --- whose time --- */

static bool shop_is_asked(const struct list_query *query, int64_t id)
{
    for (size_t i = 0; !query->all_shops && i < query->shops_len; i++)
        if (query->shops[i] == id)
            return true;
    return query->all_shops;
}

/* The zone of all shops of the file; UTC, and said in the headings, where they have several. */
static enum err_class zone_settle(struct call *call, const struct list_query *query,
                                  struct export_layout *layout, struct err *err)
{
    bool several = false;
    for (size_t i = 0; i < call->host->shops_len; i++) {
        const struct api_shop *shop = &call->host->shops[i];
        if (!shop_is_asked(query, shop->id) || !shop->zone)
            continue;
        several |= layout->zone && layout->zone != shop->zone;
        layout->zone = shop->zone;
    }
    if (!layout->zone || several)
        layout->zone = zone_utc();
    for (size_t i = 0; several && i < layout->len; i++) {
        struct sheet_column *sheet = &layout->sheet[i];
        if (sheet->kind != SHEET_TIME)
            continue;
        sheet->heading = arena_printf(call->arena, "%.*s (UTC)", STR_ARG(sheet->heading));
        if (!sheet->heading.ptr)
            return err_no_memory(err);
    }
    return ERR_OK;
}

enum err_class export_layout_make(struct call *call, const struct list_query *query,
                                  struct export_layout *out, struct err *err)
{
    *out = (struct export_layout){.len = 0};
    bool fixed = call_given(call, "sheet");
    enum err_class class_ = fixed ? columns_of_sheet(call, query, out, err)
                                  : columns_of_list(call, query, out, err);
    return class_ ? class_ : zone_settle(call, query, out, err);
}
