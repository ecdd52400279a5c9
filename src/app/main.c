/* huiliu: the command line. Sets up what must stand before anything else, finds the command, opens
 * what it needs, runs it and says how it ended. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/cmd.h"

static enum exit_code command_run_opened(struct app *app, const struct cli *cli, struct err *err)
{
    const struct command *command = cli->command;
    app->json = cli->json;
    enum err_class class_ = app_open(app, cli, command->level, command->migrates, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return command->run(app, cli, err);
}

static enum exit_code line_run(int argc, char **argv, struct err *err)
{
    struct cli cli;
    struct buf out;
    enum err_class class_ = cli_parse(&cli, argc, argv, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (cli.help) {
        buf_init(&out, 1024 * 1024);
        help_write(&out, &cli);
        return exit_of(print_buf(&out, err));
    }
    struct app *app = malloc(sizeof(*app));
    if (!app)
        return exit_of(err_no_memory(err));
    app_init(app);
    enum exit_code code = command_run_opened(app, &cli, err);
    app_close(app);
    free(app);
    return code;
}

/* A result that did not reach its file is no result. */
static enum exit_code output_end(enum exit_code code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    struct err err;
    err_say(&err, ERR_CONFIG, "output", MSG_OUTPUT, M_END);
    app_error(&err);
    return EXIT_FAILED;
}

/* Workers free in one thread what another allocated, and bodies come and go: with one heap a thread
 * the peak depends on who ran where. Two heaps and returning large blocks at once keep it flat. */
static void memory_setup(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

int main(int argc, char **argv)
{
    memory_setup();
    struct err err;
    err_clear(&err);
    language_set(STR("auto"));
    log_setup(LOG_WARN, STDERR_FILENO, false);
    enum exit_code code = exit_of(clock_setup("huiliu", &err));
    bool timed = code == EXIT_DONE;
    if (timed)
        clock_thread_enter(); /* at once: between setup and here nothing holds time */
    if (code == EXIT_DONE)
        code = exit_of(fail_setup(&err));
    if (code == EXIT_DONE)
        code = line_run(argc, argv, &err);
    if (err.class_ != ERR_OK)
        app_error(&err);
    code = output_end(code);
    if (timed)
        clock_thread_leave();
    clock_teardown();
    fail_teardown();
    return (int)code;
}
