/* The functions behind the table of commands, one file a noun. Each returns the exit code; *err says
 * why where it is not EXIT_DONE (or stays clear when the reasons were printed already). */
#ifndef HUILIU_APP_CMD_H
#define HUILIU_APP_CMD_H

#include "api/api.h"
#include "app/app.h"
#include "app/settings.h"

typedef enum exit_code command_run(struct app *app, const struct cli *cli, struct err *err);

command_run cmd_init, cmd_migrate, cmd_settings, cmd_version, cmd_help, cmd_doctor;
command_run cmd_app_add, cmd_app_list, cmd_app_rotate;
command_run cmd_shop_add, cmd_shop_list, cmd_shop_show, cmd_shop_authorize, cmd_shop_enable,
    cmd_shop_disable, cmd_shop_remove;
command_run cmd_sync, cmd_status, cmd_prove;
command_run cmd_run, cmd_serve, cmd_worker, cmd_worker_list, cmd_scheduler, cmd_pause, cmd_resume;
command_run cmd_service_install, cmd_service_start, cmd_service_stop, cmd_service_restart,
    cmd_service_status, cmd_service_logs, cmd_service_supervise;
command_run cmd_user_add, cmd_user_list, cmd_user_passwd, cmd_user_disable, cmd_user_enable;
command_run cmd_export, cmd_import, cmd_import_list, cmd_import_show, cmd_person_import;
command_run cmd_rate_set, cmd_rate_remove, cmd_rate_list, cmd_person_set, cmd_person_remove,
    cmd_person_list, cmd_shop_set;
command_run cmd_cost_set, cmd_cost_end, cmd_cost_remove, cmd_cost_list, cmd_cost_import;
command_run cmd_derive_rebuild, cmd_derive_audit, cmd_derive_metrics;
command_run cmd_logs;
command_run cmd_reject_list, cmd_reject_show, cmd_reject_replay;
command_run cmd_task_list, cmd_task_depth, cmd_task_show, cmd_task_retry, cmd_task_cancel;
command_run cmd_budget_list, cmd_budget_set, cmd_budget_reset;
command_run cmd_connector_list, cmd_connector_check, cmd_connector_test, cmd_connector_trace,
    cmd_connector_docs, cmd_connector_replay;

/* Wrong use is 2, every other failure 1. */
enum exit_code exit_of(enum err_class class_);
/* Prints what a buf holds and frees it. */
enum err_class print_buf(struct buf *out, struct err *err);
/* The same for a text that is a page: with --json as {"text": …}. */
enum err_class print_page(const struct app *app, struct buf *out, struct err *err);
/* What a command that does something answers with --json: one object, while app_say goes to standard error.
 *
 *     answer_begin(&answer, app);
 *     emit_i64(&answer.emit, "retried", changed);
 *     return exit_of(answer_end(&answer, err));
 *
 * Without --json nothing is printed. answer_end frees. */
struct answer {
    const struct app *app;
    struct buf out;
    struct emit emit;
};
void answer_begin(struct answer *answer, const struct app *app);
enum err_class answer_end(struct answer *answer, struct err *err);
/* The id of a row that a person typed. */
enum err_class row_number(struct str text, int64_t *id, struct err *err);
/* From and to in a zone, as the closed range [*from_ms, *to_ms] on a stream's grid. Without
 * --from *from_ms stays what it is; without --to: now. ERR_USAGE when the end lies before the start or the start in the future. */
enum err_class range_of_texts(struct str from, struct str to, const struct zone *zone,
                              int64_t step_ms, int64_t now_ms, int64_t *from_ms, int64_t *to_ms,
                              struct err *err);
/* The same of --from and --to. */
enum err_class range_of_flags(const struct cli *cli, const struct zone *zone, int64_t step_ms,
                              int64_t now_ms, int64_t *from_ms, int64_t *to_ms, struct err *err);

/* --shop, --platform or neither (everything); *name is what to call it. */
enum err_class scope_of_flags(const struct app *app, const struct cli *cli, struct hold_of *of,
                              struct str *name, struct err *err);

/* account.c: adding apps and shops, shared by the commands and the import of an old `.env`. */
struct account_app {
    const struct connector *connector;
    struct str name, key, secret;
    struct settings *settings;
    const struct api_also *also; /* NULL: nothing */
};
enum err_class account_app_add(struct app *app, const struct account_app *account, int64_t *id,
                               struct err *err);
/* Other credentials; what is empty stays. The token belongs to those before and goes; shops that waited for them are asked
 * again. `also` may be NULL. ERR_USAGE "app_rotate" where both are empty, ERR_NOT_FOUND "absent". */
enum err_class account_app_rotate(struct app *app, int64_t id, struct str key, struct str secret,
                                  const struct api_also *also, struct err *err);
struct account_shop {
    const struct connector *connector;
    struct str name, external_id, zone, proxy, access_token;
    int64_t app_id;   /* 0: none */
    int64_t since_ms; /* 0: what the manifest says */
    struct settings *settings;
    store_work *also; /* of the same transaction, or NULL */
    void *also_context;
};
enum err_class account_shop_add(struct app *app, const struct account_shop *account, int64_t *id,
                                struct err *err);
/* What an app or a shop may be called. */
enum err_class account_name_check(struct str name, struct err *err);
/* What of an app or shop goes without saying where it is left out: the only app of the platform. */
enum err_class account_app_choose(struct app *app, const struct connector *connector,
                                  struct str name, int64_t *id, struct err *err);
/* The app of that name, or the platform's only one when `name` is empty. */
enum err_class account_app_find(struct app *app, struct str platform, struct str name, int64_t *id,
                                struct err *err);

/* shop_work.c: changes of a shop that is there; `also` may be NULL. ERR_CONFLICT "shop_gone". */
enum err_class shop_state_change(struct app *app, int64_t shop_id, struct str state,
                                 const struct api_also *also, struct err *err);
/* ERR_CONFLICT "shop_busy", "token_shared"; "shop_has_rows" unless with_rows. */
enum err_class shop_remove(struct app *app, int64_t shop_id, bool with_rows,
                           const struct api_also *also, struct err *err);
/* What may be edited, as it shall be; settings NULL: they stay. */
struct shop_form {
    struct str name, zone, proxy, person;
    int64_t since_ms;        /* 0: what the manifest says */
    int64_t settlement_days; /* -1: unknown */
    const struct settings *settings;
};
enum err_class shop_edit(struct app *app, const struct app_shop *shop, const struct shop_form *form,
                         const struct api_also *also, struct err *err);

/* import.c: what an old program's variables become (compat/NAME.yaml). Options go into the new
 * huiliu.yaml, so they are read first; apps and shops need the database. */
enum err_class import_options(struct app *app, struct str file, struct options *out,
                              struct err *err);
/* Adds the app and the shop and prints what became of each variable. `options_taken`: the options
 * were written too. */
enum err_class import_env(struct app *app, struct str file, bool options_taken, struct err *err);

/* Versions of this program and what it is linked with. */
void library_versions(struct report *report, struct arena *arena);

/* ERR_USAGE "not_a_store": an ad account, where nothing is sold. */
enum err_class app_sells_check(const struct app_shop *shop, struct err *err);

#endif
