/* The other end of notify.h: a socket of our own that a child is given as NOTIFY_SOCKET, so that it says when it is
 * ready and that it lives. The kernel names the sender; who reads decides whom it believes. Threads: one. */
#ifndef HUILIU_APP_NOTICE_H
#define HUILIU_APP_NOTICE_H

#include <sys/types.h>

#include "base/base.h"

enum { NOTICE_BYTES_MAX = 1024, NOTICE_NAME_BYTES = 110 };

/* `name`: the value of NOTIFY_SOCKET. It lies in the abstract name space: no file stays behind, and a home
 * with a long path is as good as another. The descriptor is closed by close(2). */
enum err_class notice_open(int *fd, char name[NOTICE_NAME_BYTES], struct err *err);

struct notice {
    pid_t pid;
    uid_t uid;
    char text[NOTICE_BYTES_MAX];
};
/* False: there is none (any more). Never waits. */
bool notice_next(int fd, struct notice *notice);
/* The rest of the line that begins with `key` ("STATUS="); false: there is none. */
bool notice_get(const struct notice *notice, const char *key, struct str *value);

#endif
