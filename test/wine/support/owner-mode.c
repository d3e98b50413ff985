// For LD_PRELOAD of a whole Wine session. Wine keeps the access list of a file as its Linux mode, in which a list for "owner
// rights" has no place: it becomes mode 0, and Wine then denies the file to the program that made it, even as root.
// So whatever is made or changed here stays readable and writable for its owner. Plain system calls, so that nothing of
// the C library is entered twice when Wine's signals come.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OWNER 0600
#define OPEN(folder) \
  mode_t mode = 0; \
  if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t) | OWNER; va_end(more); } \
  return (int)syscall(SYS_openat, folder, path, flags, mode);

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD) }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD) }
int openat(int folder, const char *path, int flags, ...) { OPEN(folder) }
int openat64(int folder, const char *path, int flags, ...) { OPEN(folder) }
int chmod(const char *path, mode_t mode) { return (int)syscall(SYS_chmod, path, mode | OWNER); }
int fchmod(int file, mode_t mode) { return (int)syscall(SYS_fchmod, file, mode | OWNER); }
