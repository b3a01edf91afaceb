/* Preloaded into a process: writes down what it does to the files below a directory, in order.

   DISK_LOG_ROOT is that directory, DISK_LOG the log. A record is a header of five numbers (kind,
   inode, a second number, lengths of two texts), then the texts. Maps are not seen: SQLite uses
   them for its index of a log only, which no power cut leaves. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, LINK, MKDIR };

#define REAL(type, name, ...)                                      \
    static type (*real)(__VA_ARGS__);                              \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static const char *root;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
    root = getenv("DISK_LOG_ROOT");
    const char *path = getenv("DISK_LOG");
    if (root && path)
        log_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
    return log_fd >= 0 && path && strncmp(path, root, strlen(root)) == 0;
}

static void put(const void *data, size_t length) {
    const char *at = data;
    while (length) {
        ssize_t done = syscall(SYS_write, log_fd, at, length);
        if (done <= 0) abort();
        at += done;
        length -= done;
    }
}

static void record(int64_t kind, int64_t inode, int64_t number, const void *one, int64_t one_length,
                   const void *two, int64_t two_length) {
    int64_t header[5] = {kind, inode, number, one_length, two_length};
    put(header, sizeof header);
    put(one, one_length);
    put(two, two_length);
}

static int64_t inode_at(const char *path) {
    struct stat found;
    return stat(path, &found) ? 0 : (int64_t)found.st_ino;
}

/* The inode of a file or directory below the root; 0 for anything else. */
static int64_t inode_of(int fd) {
    char link[64], path[4096];
    struct stat found;
    if (log_fd < 0 || fstat(fd, &found) || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode)))
        return 0;
    /* by name: a file that was unlinked is still named there */
    strcpy(link, "/proc/self/fd/");
    char digits[16];
    int n = 0, rest = fd;
    do digits[n++] = '0' + rest % 10;
    while (rest /= 10);
    size_t at = strlen(link);
    while (n) link[at++] = digits[--n];
    link[at] = 0;
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path) ? (int64_t)found.st_ino : 0;
}

static void made(const char *path) {
    record(CREATE, inode_at(path), 0, path, strlen(path), "", 0);
}

#define OPEN(name)                                                              \
    int name(const char *path, int flags, ...) {                                \
        REAL(int, #name, const char *, int, ...);                               \
        mode_t mode = 0;                                                        \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                  \
            va_list rest;                                                       \
            va_start(rest, flags);                                              \
            mode = va_arg(rest, mode_t);                                        \
            va_end(rest);                                                       \
        }                                                                       \
        if (!is_ours(path)) return real(path, flags, mode);                     \
        pthread_mutex_lock(&turn);                                              \
        int is_new = (flags & O_CREAT) && !inode_at(path);                      \
        int fd = real(path, flags, mode);                                       \
        if (fd >= 0 && is_new) made(path);                                      \
        else if (fd >= 0 && (flags & O_TRUNC))                                  \
            record(TRUNCATE, inode_at(path), 0, "", 0, "", 0);                  \
        pthread_mutex_unlock(&turn);                                            \
        return fd;                                                              \
    }
OPEN(open)
OPEN(open64)

#define WRITTEN(inode, offset, data, done) \
    if (inode && done > 0) record(WRITE, inode, offset, data, done, "", 0)

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int64_t inode = inode_of(fd);
    if (!inode) return real(fd, data, length);
    pthread_mutex_lock(&turn);
    int flags = fcntl(fd, F_GETFL);
    struct stat found;
    fstat(fd, &found);
    int64_t offset = flags & O_APPEND ? found.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t done = real(fd, data, length);
    WRITTEN(inode, offset, data, done);
    pthread_mutex_unlock(&turn);
    return done;
}

#define PWRITE(name, offset_type)                                              \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type);          \
        pthread_mutex_lock(&turn);                                             \
        int64_t inode = inode_of(fd);                                          \
        ssize_t done = real(fd, data, length, offset);                         \
        WRITTEN(inode, offset, data, done);                                    \
        pthread_mutex_unlock(&turn);                                           \
        return done;                                                           \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define CUT(name, offset_type)                                                   \
    int name(int fd, offset_type length) {                                       \
        REAL(int, #name, int, offset_type);                                      \
        pthread_mutex_lock(&turn);                                               \
        int64_t inode = inode_of(fd);                                            \
        int failed = real(fd, length);                                           \
        if (inode && !failed) record(TRUNCATE, inode, length, "", 0, "", 0);     \
        pthread_mutex_unlock(&turn);                                             \
        return failed;                                                           \
    }
CUT(ftruncate, off_t)
CUT(ftruncate64, off64_t)

/* What is on the disk afterwards was written before, so the record comes after the call. */
#define SYNCED(name)                                                  \
    int name(int fd) {                                                \
        REAL(int, #name, int);                                        \
        pthread_mutex_lock(&turn);                                    \
        int64_t inode = inode_of(fd);                                 \
        int failed = inode ? 0 : real(fd);                            \
        if (inode) record(SYNC, inode, 0, "", 0, "", 0);              \
        pthread_mutex_unlock(&turn);                                  \
        return failed;                                                \
    }
SYNCED(fsync)
SYNCED(fdatasync)

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (!is_ours(path)) return real(path);
    pthread_mutex_lock(&turn);
    int failed = real(path);
    if (!failed) record(UNLINK, 0, 0, path, strlen(path), "", 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    if (!is_ours(path)) return real(path, mode);
    pthread_mutex_lock(&turn);
    int failed = real(path, mode);
    if (!failed) record(MKDIR, inode_at(path), 0, path, strlen(path), "", 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

#define NAMED(name, kind)                                                        \
    int name(const char *from, const char *to) {                                 \
        REAL(int, #name, const char *, const char *);                            \
        if (!is_ours(from)) return real(from, to);                               \
        pthread_mutex_lock(&turn);                                               \
        int failed = real(from, to);                                             \
        if (!failed) record(kind, inode_at(to), 0, from, strlen(from), to, strlen(to)); \
        pthread_mutex_unlock(&turn);                                             \
        return failed;                                                           \
    }
NAMED(rename, RENAME)
NAMED(link, LINK)
