// For LD_PRELOAD of a whole Wine session. Wine keeps the access list of a file as its Linux mode, in which a list for "owner
// rights" has no place: it becomes mode 0, and Wine then denies the file to the program that made it, even as root.
// So whatever is made or changed here stays readable and writable for its owner.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#define OWNER 0600
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t) | OWNER; va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return NEXT(open)(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return NEXT(open64)(path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return NEXT(openat)(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return NEXT(openat64)(folder, path, flags, mode); }
int chmod(const char *path, mode_t mode) { return NEXT(chmod)(path, mode | OWNER); }
int fchmod(int file, mode_t mode) { return NEXT(fchmod)(file, mode | OWNER); }
