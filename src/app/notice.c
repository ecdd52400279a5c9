/* Datagrams of sd_notify's protocol, with their senders. */
#include "app/notice.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/message.h"

enum err_class notice_open(int *fd, char name[NOTICE_NAME_BYTES], struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(sa_family_t); /* nothing but the family: the kernel finds a free name */
    int on = 1;
    *fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = *fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
                bind(*fd, (const struct sockaddr *)&address, len) == 0;
    len = sizeof(address);
    good = good && getsockname(*fd, (struct sockaddr *)&address, &len) == 0;
    if (!good) {
        err_say(err, ERR_INTERNAL, "notice", MSG_FILE, M_STR(STR("NOTIFY_SOCKET")),
                M_STR(str_of(strerror(errno))), M_END);
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return ERR_INTERNAL;
    }
    size_t name_len = len - offsetof(struct sockaddr_un, sun_path);
    memcpy(name, address.sun_path, name_len);
    name[0] = '@';
    name[name_len] = '\0';
    return ERR_OK;
}

bool notice_next(int fd, struct notice *notice)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec part = {notice->text, sizeof(notice->text) - 1};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (len < 0)
        return false;
    notice->text[len] = '\0';
    notice->pid = 0;
    notice->uid = (uid_t)-1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        struct ucred who;
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS)
            continue;
        memcpy(&who, CMSG_DATA(head), sizeof(who));
        notice->pid = who.pid;
        notice->uid = who.uid;
    }
    return true;
}

bool notice_get(const struct notice *notice, const char *key, struct str *value)
{
    struct str line, rest = str_of(notice->text);
    while (rest.len > 0) {
        str_cut(rest, '\n', &line, &rest);
        if (!str_starts(line, str_of(key)))
            continue;
        *value = str_sub(line, strlen(key), line.len);
        return true;
    }
    return false;
}
