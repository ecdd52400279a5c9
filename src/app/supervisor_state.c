/* What the supervisor and who asks about it share: HOME/service.state, where the log lies, this program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/file.h"
#include "app/supervisor_internal.h"

static void field_take(struct supervisor_state *state, struct str key, struct str value)
{
    static const struct {
        const char *key;
        size_t at;
    } numbers[] = {
        {"child", offsetof(struct supervisor_state, child)},
        {"since_ms", offsetof(struct supervisor_state, since_ms)},
        {"restarts", offsetof(struct supervisor_state, restarts)},
        {"again_ms", offsetof(struct supervisor_state, again_ms)},
    };
    int64_t number;
    if (str_eq(key, STR("state")))
        snprintf(state->state, sizeof(state->state), "%.*s", STR_ARG(value));
    else if (str_eq(key, STR("last_exit")))
        snprintf(state->last_exit, sizeof(state->last_exit), "%.*s", STR_ARG(value));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (str_eq(key, str_of(numbers[i].key)) && str_to_i64(value, &number))
            memcpy((char *)state + numbers[i].at, &number, sizeof(number));
    }
}

enum err_class supervisor_state_read(struct app *home, struct supervisor_state *state,
                                     struct err *err)
{
    struct str path, text, line, key, value;
    *state = (struct supervisor_state){0};
    enum err_class class_ = path_join(home->home, STR("service.state"), &home->arena, &path, err);
    if (class_ == ERR_OK)
        class_ = file_read_if_there(path, &home->arena, &text, err);
    while (class_ == ERR_OK && text.len > 0) {
        str_cut(text, '\n', &line, &text);
        if (str_cut(line, ' ', &key, &value))
            field_take(state, key, value);
    }
    return class_;
}

/* By renaming, so that nobody reads half of it. A state that cannot be written (full disk) stops nothing: the lock
 * still says that the service is there, and the log what happened. */
void supervisor_state_write(const struct app *home, const struct supervisor_state *state)
{
    char path[4096], draft[4096];
    int len = snprintf(path, sizeof(path), "%.*s/service.state", STR_ARG(home->home));
    int draft_len = snprintf(draft, sizeof(draft), "%.*s/service.state.new", STR_ARG(home->home));
    if (len < 0 || draft_len < 0 || (size_t)draft_len >= sizeof(draft))
        return;
    FILE *file = fopen(draft, "we");
    if (!file)
        return;
    fprintf(file,
            "state %s\nchild %lld\nsince_ms %lld\nrestarts %lld\nlast_exit %s\nagain_ms %lld\n",
            state->state, (long long)state->child, (long long)state->since_ms,
            (long long)state->restarts, state->last_exit, (long long)state->again_ms);
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(draft, path) != 0)
        unlink(draft);
}

enum err_class supervisor_log_path(struct app *home, struct str *path, struct err *err)
{
    struct str folder;
    enum err_class class_ = path_join(home->home, STR("logs"), &home->arena, &folder, err);
    if (class_ == ERR_OK)
        class_ = folder_create(folder, 0700, err);
    if (class_ == ERR_OK)
        class_ = path_join(folder, STR("service.log"), &home->arena, path, err);
    return class_;
}

enum err_class supervisor_program(char program[PROGRAM_BYTES_MAX], struct err *err)
{
    ssize_t len = readlink("/proc/self/exe", program, PROGRAM_BYTES_MAX - 1);
    program[len < 0 ? 0 : len] = '\0';
    if (len > 0 && access(program, X_OK) == 0)
        return ERR_OK;
    return err_say(err, ERR_CONFIG, "program", MSG_FILE,
                   M_STR(len > 0 ? str_of(program) : STR("/proc/self/exe")),
                   M_STR(str_of(strerror(errno))), M_END);
}
