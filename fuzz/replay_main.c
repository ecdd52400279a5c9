/* Feeds every file of the folders named on the command line to a fuzz target: what a fuzzer once
 * found stays an ordinary test, with any compiler. A folder without files is a failure. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUT_BYTES_MAX = 1024 * 1024 };

/* The bytes are copied to an allocation of their exact size, so that the sanitizers see every
 * read behind the end. */
static int replay_file(const char *path, char *room)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t len = fread(room, 1, INPUT_BYTES_MAX, file);
    int broken = ferror(file);
    fclose(file);
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    if (broken || bytes == NULL) {
        perror(path);
        free(bytes);
        return -1;
    }
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)room[i];
    LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    return 0;
}

/* Number of files fed, or -1. */
static int replay_folder(const char *folder, char *room)
{
    int count = 0;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return -1;
    }
    while (count >= 0 && (entry = readdir(dir)) != NULL) {
        char path[4096];
        struct stat status;
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (len < 0 || (size_t)len >= sizeof path || stat(path, &status) != 0)
            count = -1;
        else if (S_ISREG(status.st_mode))
            count = replay_file(path, room) == 0 ? count + 1 : -1;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    char *room = malloc(INPUT_BYTES_MAX);
    for (int i = 1; i < argc && room != NULL; i++) {
        int count = replay_folder(argv[i], room);
        printf("ok %s: %d inputs\n", argv[i], count);
        failed |= count <= 0;
    }
    failed |= room == NULL;
    free(room);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
