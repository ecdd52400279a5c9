/* What the parser makes and the evaluator walks. Private to the room. */
#ifndef HUILIU_FORMAT_EXPR_TREE_H
#define HUILIU_FORMAT_EXPR_TREE_H

#include "format/expr.h"

enum expr_kind {
    EXPR_CONST,
    EXPR_NAME,
    EXPR_LIST,
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
    EXPR_COMPARE,
    EXPR_FILTER
};

enum comparison {
    COMPARE_EQUAL,
    COMPARE_UNEQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
    COMPARE_IN,
    COMPARE_CONTAINS,
    COMPARE_STARTS,
    COMPARE_ENDS
};

struct filter;

struct expr {
    enum expr_kind kind;
    enum comparison comparison;
    const struct filter *filter;
    struct value constant;
    struct str name;
    struct expr **args; /* operands; of a filter: its input, then its arguments */
    size_t args_len;
    size_t height; /* of the tree below, at most NESTING_MAX: evaluation is recursive */
};

struct template_part {
    struct str text;
    struct expr *hole; /* NULL: the text stands as it is */
};

struct template
{
    struct template_part *parts;
    size_t parts_len;
    bool has_holes;
};

struct filter_call {
    const char *name;
    const struct expr_env *env;
    const struct value *input;
    const struct value *args;
    size_t args_len;
    struct value *out; /* absent when the filter starts */
    struct err *err;
};

struct filter {
    const char *name;
    size_t args_min, args_max;
    bool takes_nothing; /* absent and null go in too; past other filters they pass unchanged */
    enum err_class (*run)(const struct filter_call *call);
};

enum { FILTERS_MAX = 32, FILTER_ARGS_MAX = 2 };

/* Ends with a NULL name. */
extern const struct filter filter_table[];

/* Absent or null. */
bool value_is_nothing(const struct value *value);
bool value_is_true(const struct value *value);
/* A list, or a JSON array made one; false for anything else. ERR_OK unless memory is short. */
enum err_class value_as_list(const struct value *value, struct arena *arena, struct value *list,
                             bool *is_list, struct err *err);
enum err_class value_compare(enum comparison comparison, const struct value *left,
                             const struct value *right, struct arena *arena, bool *out,
                             struct err *err);
/* What was written to a buf, as a text of the arena; frees the buf. */
enum err_class value_take_buf(struct buf *buf, struct arena *arena, bool secret, struct value *out,
                              struct err *err);

#endif
