/* Why a call of the file layer failed, in words that do not follow the host's locale. */
#include "base/files.h"
#include <errno.h>
#include <inttypes.h>

typedef struct error_text {
    int error;
    const char *text;
} error_text_t;

static const error_text_t texts[] = {
    {ENOENT, "no such file or folder (ENOENT)"},
    {EACCES, "permission denied (EACCES)"},
    {EPERM, "not permitted (EPERM)"},
    {EEXIST, "it is there already (EEXIST)"},
    {ENOTDIR, "part of the path is no folder (ENOTDIR)"},
    {EISDIR, "it is a folder (EISDIR)"},
    {ESPIPE, "it is no regular file (ESPIPE)"},
    {ENOTEMPTY, "the folder is not empty (ENOTEMPTY)"},
    {ENOSPC, "no space left on device (ENOSPC)"},
    {EDQUOT, "disk quota exceeded (EDQUOT)"},
    {EFBIG, "file too large (EFBIG)"},
    {EIO, "input/output error (EIO)"},
    {EROFS, "read-only file system (EROFS)"},
    {EMFILE, "too many open files in this process (EMFILE)"},
    {ENFILE, "too many open files in this system (ENFILE)"},
    {ENOMEM, "the system has no memory (ENOMEM)"},
    {ENAMETOOLONG, "the name is too long (ENAMETOOLONG)"},
    {ELOOP, "too many symbolic links (ELOOP)"},
    {EXDEV, "another file system (EXDEV)"},
    {EBUSY, "it is in use (EBUSY)"},
    {ETXTBSY, "it is a running program (ETXTBSY)"},
    {EINVAL, "the system calls it invalid (EINVAL)"},
    {EBADF, "the file is not open (EBADF)"},
    {EAGAIN, "it would block (EAGAIN)"},
    {EINTR, "interrupted (EINTR)"},
    {EPIPE, "nobody reads the pipe (EPIPE)"},
    {ENXIO, "no such device (ENXIO)"},
    {ENODEV, "no such device (ENODEV)"},
    {ESTALE, "the network file is gone (ESTALE)"},
    {ETIMEDOUT, "timed out (ETIMEDOUT)"},
    {ENOTSUP, "the file system cannot do it (ENOTSUP)"},
    {EOVERFLOW, "too large for the system (EOVERFLOW)"},
};

aigc_status_t aigc__io_fail(const char *what, const char *path, int64_t result)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].error == -result) return aigc__fail(AIGC_ERROR_IO, "cannot %s '%s': %s", what, path, texts[i].text);
    return aigc__fail(AIGC_ERROR_IO, "cannot %s '%s': error %" PRId64 " of the system", what, path, -result);
}
