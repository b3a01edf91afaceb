/* A disk that fails at a chosen write: preloaded, it counts the writes and syncs of groups' files,
 * and answers some of them with an error. The plan is a file that the test and all processes map.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

struct plan {
    int64_t first, times, error, seen; /* first == 0: nothing fails */
};

static struct plan *plan;

__attribute__((constructor)) static void map_plan(void) {
    const char *path = getenv("JOBGROUP_DISK_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        plan = mapped;
    close(fd);
}

static int fails(int fd) {
    char link[64], path[4096];
    if (!plan)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int kept = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length < 0)
        return 0;
    path[length] = 0;
    if (!strstr(path, ".jobgroup") || strstr(path, "-shm"))
        return 0;
    int64_t number = __sync_add_and_fetch(&plan->seen, 1);
    if (!plan->first || number < plan->first || number >= plan->first + plan->times)
        return 0;
    errno = (int)plan->error;
    return 1;
}

#define CALL(name, result, parameters, arguments)                                                  \
    result name parameters {                                                                       \
        static result(*real) parameters;                                                           \
        if (!real)                                                                                 \
            real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                  \
        return fails(fd) ? -1 : real arguments;                                                    \
    }

CALL(write, ssize_t, (int fd, const void *data, size_t size), (fd, data, size))
CALL(pwrite, ssize_t, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
CALL(pwrite64, ssize_t, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
CALL(fsync, int, (int fd), (fd))
CALL(fdatasync, int, (int fd), (fd))
