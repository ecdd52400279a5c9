/* Is a run over? What its tasks, and the lanes of its shops, came to meanwhile. */
#include "app/run.h"
#include "app/sql.h"

enum err_class run_waits_look(struct app *app, struct run *run, struct err *err)
{
    struct queue_depth depth;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = queue_depth_read(app->store, run->id, now_ms, &depth, err);
    if (class_ == ERR_OK)
        run->waits = depth.ready == depth.held && depth.running == 0 &&
                     depth.held + depth.waiting > 0 &&
                     (depth.waiting == 0 || depth.next_ms - now_ms > RUN_WAIT_MAX_MS);
    return class_;
}

enum err_class run_lanes_look(struct app *app, struct run *run, int64_t soon_ms, size_t *left,
                              struct err *err)
{
    enum err_class class_ = ERR_OK;
    *left = 0;
    for (size_t i = 0; class_ == ERR_OK && i < run->parts_len; i++) {
        struct run_part *part = &run->parts[i];
        const struct sql_value values[] = {sql_int(part->shop->sync.id), sql_int(soon_ms)};
        int64_t tasks = 0;
        bool held = false;
        if (part->over)
            continue;
        class_ = store_read_int(app->store, SQL_LANE_LEFT, values, 2, 0, &tasks, err);
        if (class_ == ERR_OK && tasks > 0)
            class_ = lane_is_held(app->store, part->shop->sync.id, &held, err);
        run->waits |= held;
        part->over = tasks == 0 || held;
        *left += !part->over;
    }
    return class_;
}

enum err_class run_adopt(struct app *app, struct run *run, int64_t *adopted, struct err *err)
{
    enum err_class class_ = ERR_OK;
    *adopted = 0;
    for (size_t i = 0; class_ == ERR_OK && i < run->parts_len; i++) {
        int64_t more = 0;
        if (!run->parts[i].over)
            class_ = queue_adopt(app->store, run->parts[i].shop->sync.id, run->id, clock_now_ms(),
                                 &more, err);
        *adopted += more;
    }
    return class_;
}

enum err_class run_cancelled_look(struct app *app, struct run *run, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < run->parts_len; i++) {
        const struct sql_value values[] = {sql_int(run->parts[i].shop->sync.id),
                                           sql_int(run->execution_before)};
        int64_t cancelled = 0;
        class_ = store_read_int(app->store, SQL_RUN_CANCELLED, values, 2, 0, &cancelled, err);
        run->stopped |= cancelled > 0;
    }
    return class_;
}
