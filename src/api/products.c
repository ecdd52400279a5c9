/* Products: what shops sell, a row for each SKU, with who is in charge of it. */
#include "api/host.h"
#include "api/lists.h"
#include "api/sales.h"
#include "api/tables.h"

static const struct list_column product_columns[] = {
    {"shop", "g.shop_id", .kind = LIST_NUMBER, .sorts = true},
    {"sku_id", "g.sku_id", .kind = LIST_ID, .sorts = true},
    {"spu_id", "g.spu_id", .kind = LIST_ID, .unknown = true},
    {"skc_id", "g.skc_id", .kind = LIST_ID, .unknown = true},
    {"sku_code", "g.sku_code", .kind = LIST_TEXT, .sorts = true, .unknown = true},
    {"name", "g.name", .kind = LIST_TEXT, .unknown = true},
    {"currency", "coalesce(g.currency, '')", .kind = LIST_TEXT},
    {"price", "g.price", .kind = LIST_MONEY, .unknown = true},
    {"category", "g.category", .kind = LIST_TEXT, .unknown = true},
    {"image", "g.image", .kind = LIST_TEXT, .unknown = true},
    {"listed_at", "g.listed_at", .kind = LIST_TIME, .sorts = true, .unknown = true},
    {"active", "g.active", .kind = LIST_BOOL, .unknown = true},
    {"stock", "g.stock", .kind = LIST_INT, .sorts = true, .unknown = true},
    {"person", "coalesce(p.person, g.person, s.person)", .kind = LIST_TEXT, .unknown = true},
    {0},
};
static const struct list_search product_search[] = {
    {"g.sku_id", .whole = true},
    {"g.spu_id", .whole = true},
    {"g.sku_code", .whole = true},
    {"g.name", .whole = false},
    {0},
};
const struct list product_list = {
    .name = "products",
    .from = "product g JOIN shop s ON s.id = g.shop_id LEFT JOIN sku_person p"
            " ON p.shop_id = g.shop_id AND p.sku_id = g.sku_id",
    .columns = product_columns,
    .key = {"shop", "sku_id"},
    .sort = "shop",
    .shop = "g.shop_id",
    .search = product_search,
};
static const struct param product_params[] = {
    LIST_PARAMS,
    SHOP_PARAM,
    {"q", PARAM_QUERY, PARAM_TEXT, .filter = LIST_SEARCH,
     .help = "A SKU, an SPU, the merchant's code, or a part of the name"},
    {"spu_id", PARAM_QUERY, PARAM_CODE, .many = true, .filter = LIST_ANY_OF, .column = "spu_id",
     .help = "Products"},
    {"category", PARAM_QUERY, PARAM_TEXT, .many = true, .filter = LIST_ANY_OF, .column = "category",
     .help = "Categories"},
    {"person", PARAM_QUERY, PARAM_TEXT, .many = true, .filter = LIST_ANY_OF, .column = "person",
     .help = "In charge"},
    {"active", PARAM_QUERY, PARAM_BOOL, .filter = LIST_EQUAL, .column = "active",
     .help = "On sale"},
    {0},
};

static enum err_class products(struct call *call, struct err *err)
{
    return list_answer(call, &product_list, err);
}

const struct route product_routes[] = {
    {ROUTE_GET, "/api/v1/products", "products", RIGHT_READ, product_params, products,
     .summary = "Products, a row for each SKU", .answer = "Products"},
    {0},
};
