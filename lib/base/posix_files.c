/* 64-bit offsets on 32-bit systems; d_type is an extension. */
#define _FILE_OFFSET_BITS 64
#define _DEFAULT_SOURCE
#include "base/files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Non-blocking, so that opening a FIFO returns; regular files do not care. */
static int posix_open_read(void *user, const char *path)
{
    (void)user;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return file < 0 ? -errno : file;
}

static int posix_create(void *user, const char *path, uint32_t mode)
{
    (void)user;
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode ? 0600 : 0666);
    if (file < 0) return -errno;
    /* Some file systems have no modes, which is no failure: what cannot be widened stays private. */
    if (mode) fchmod(file, (mode_t)(mode & 07777));
    return file;
}

static int64_t posix_size(void *user, int file)
{
    (void)user;
    struct stat info;
    if (fstat(file, &info) != 0) return -errno;
    if (S_ISDIR(info.st_mode)) return -EISDIR;
    return S_ISREG(info.st_mode) ? (int64_t)info.st_size : -ESPIPE;
}

static int64_t posix_pread(void *user, int file, void *buffer, size_t bytes, uint64_t offset)
{
    (void)user;
    const ssize_t n = pread(file, buffer, bytes, (off_t)offset);
    return n < 0 ? -errno : n;
}

static int64_t posix_write(void *user, int file, const void *buffer, size_t bytes)
{
    (void)user;
    const ssize_t n = write(file, buffer, bytes);
    return n < 0 ? -errno : n;
}

static int posix_sync(void *user, int file)
{
    (void)user;
    return fsync(file) == 0 ? 0 : -errno;
}

static int posix_close(void *user, int file)
{
    (void)user;
    return close(file) == 0 ? 0 : -errno;
}

static int posix_rename(void *user, const char *from, const char *to)
{
    (void)user;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int posix_unlink(void *user, const char *path)
{
    (void)user;
    return unlink(path) == 0 ? 0 : -errno;
}

/* A folder that may be written but not read cannot be synced, nor can one on a file system that does
 * not know how: neither is a failure. */
static int posix_sync_folder(void *user, const char *folder)
{
    (void)user;
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return errno == EACCES ? 0 : -errno;
    const int error = fsync(file) == 0 ? 0 : errno;
    close(file);
    return error == EINVAL || error == ENOTSUP ? 0 : -error;
}

static int posix_mode(void *user, const char *path, uint32_t *mode)
{
    (void)user;
    struct stat info;
    if (stat(path, &info) != 0) return -errno;
    *mode = (uint32_t)info.st_mode;
    return 0;
}

static int posix_make_folder(void *user, const char *path)
{
    (void)user;
    struct stat info;
    if (mkdir(path, 0777) == 0) return 0;
    const int error = errno;
    return error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? 0 : -error;
}

/* Links are followed. Most file systems tell what an entry is without being asked for each. */
static bool is_folder(int folder, const struct dirent *entry)
{
    struct stat info;
#ifdef DT_DIR
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) return entry->d_type == DT_DIR;
#endif
    return fstatat(folder, entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

static int posix_list(void *user, const char *path, int (*visit)(void *arg, const char *name, bool is_folder), void *arg)
{
    (void)user;
    DIR *folder = opendir(path);
    if (!folder) return -errno;
    int result = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry) {
            result = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (visit(arg, entry->d_name, is_folder(dirfd(folder), entry)) != 0) break;
    }
    closedir(folder);
    return result;
}

const aigc__file_calls_t aigc__posix_files = {
    .open_read = posix_open_read,
    .create = posix_create,
    .size = posix_size,
    .pread = posix_pread,
    .write = posix_write,
    .sync = posix_sync,
    .close = posix_close,
    .rename = posix_rename,
    .unlink = posix_unlink,
    .sync_folder = posix_sync_folder,
    .mode = posix_mode,
    .make_folder = posix_make_folder,
    .list = posix_list,
};
