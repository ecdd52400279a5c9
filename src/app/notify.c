/* A datagram to systemd. */
#include "app/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len == 0 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') /* the abstract name space */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t room = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    /* Nobody waits for the answer: systemd acts on what does not come. */
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (const struct sockaddr *)&address, room);
    (void)sent;
    close(fd);
}

void notify_reload(bool begins)
{
    char state[128];
    const char *usual_us = getenv("WATCHDOG_USEC"); /* absent: nobody watches */
    snprintf(state, sizeof(state), "%s%s%.32s", begins ? "RELOADING=1" : "READY=1",
             usual_us ? "\nWATCHDOG_USEC=" : "",
             !usual_us ? ""
             : begins  ? "600000000"
                       : usual_us);
    notify(state);
}
