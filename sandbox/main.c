/* huiliu-sandbox: reads its options, serves until it is told to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/sandbox.h"

enum { EXIT_WRONG_USE = 2, LINE_BYTES_MAX = 64 * 1024 * 1024 };

/* The file appears whole or not at all: who waits for it never reads half a number. */
static enum err_class port_file_write(struct str path, int port, struct err *err)
{
    char name[1024], part[1040];
    snprintf(name, sizeof name, "%.*s", STR_ARG(path));
    snprintf(part, sizeof part, "%s.part", name);
    FILE *file = fopen(part, "w");
    bool good = file && fprintf(file, "%d\n", port) > 0;
    if (file)
        good = fclose(file) == 0 && good;
    if (!good || rename(part, name) != 0)
        return err_set(err, ERR_CONFIG, "port_file", "%s: %s", name, strerror(errno));
    return ERR_OK;
}

static enum err_class announce(struct sandbox *sandbox, struct err *err)
{
    struct buf line;
    struct str host, port;
    buf_init(&line, LINE_BYTES_MAX);
    str_cut(sandbox->options.listen, ':', &host, &port);
    admin_write_shops(sandbox, host, sandbox->port, &line);
    bool good = !line.failed && fwrite(line.ptr, 1, line.len, stdout) == line.len &&
                fflush(stdout) == 0;
    buf_fini(&line);
    return good ? ERR_OK
                : err_set(err, ERR_CONFIG, "announce", "standard output: %s", strerror(errno));
}

/* Serves until SIGTERM or SIGINT, which every thread has blocked. */
static enum err_class serve(const struct options *options, const sigset_t *signals, struct err *err)
{
    struct sandbox sandbox;
    struct http_server *server;
    int got;
    enum err_class class_ = sheets_write(options, err);
    if (class_ == ERR_OK)
        class_ = sandbox_open(&sandbox, options, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = http_listen(options->listen, (unsigned)options->threads, sandbox_serve, &sandbox,
                         &server, err);
    if (class_ == ERR_OK) {
        /* Requests may come before the port is known here: whoever is so early reads 0. */
        atomic_store(&sandbox.port, http_port(server));
        if (options->port_file.len > 0)
            class_ = port_file_write(options->port_file, http_port(server), err);
        if (class_ == ERR_OK)
            class_ = announce(&sandbox, err);
        if (class_ == ERR_OK)
            sigwait(signals, &got);
        http_close(server);
    }
    sandbox_close(&sandbox);
    return class_;
}

static int help_print(void)
{
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    options_help(&text);
    bool good = !text.failed && fputs(text.ptr, stdout) >= 0;
    buf_fini(&text);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    sigset_t signals;
    bool help;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    enum err_class class_ = clock_setup("sandbox", &err);
    if (class_ == ERR_OK)
        class_ = options_parse(argc, argv, &options, &help, &err);
    if (class_ == ERR_OK && help)
        return help_print();
    if (class_ == ERR_OK)
        class_ = serve(&options, &signals, &err);
    clock_teardown();
    if (class_ == ERR_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "huiliu-sandbox: %s\n", err.message);
    return class_ == ERR_USAGE ? EXIT_WRONG_USE : EXIT_FAILURE;
}
