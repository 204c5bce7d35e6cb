// The system calls of a process on the files of one folder: one of them may fail, or be the last,
// and what a sync has made lasting is told apart from what none has. Loaded with LD_PRELOAD.
//
// DISK_DIR    the folder
// DISK_FAULT  "CALL FILE KIND NTH": what happens at the nth such call once DISK_ARMED is there
// DISK_ARMED  a file; a file of that name with ".hit" tells that it has happened
// DISK_SEEN   a file that gets a line "CALL FILE" for each kind of call, once
// DISK_NAMES  if set, making and removing names counts, too: mkdir, unlink, unlinkat
// DISK_KEPT   a folder of what is lasting: under each inode a file's bytes, or a folder's names
//
// In the name of a file, "*" stands for its numbers.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PATH 4096

enum kind { NONE, ABORT, AFTER, TORN, SHORT, EIO_ONCE, ENOSPC_ONCE, LIE };
static const char *const KINDS[] = {"", "abort", "after", "torn", "short", "eio", "enospc", "lie"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// What was written to a file since its last sync.
struct range { ino_t file; off_t at; size_t bytes; };
static struct range *ranges;
static size_t ranges_count, ranges_room;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

// The name of a path in the folder, its numbers as "*"; NULL for whatever lies elsewhere.
static char *named(const char *path, char *name) {
  const char *dir = setting("DISK_DIR");
  size_t length = dir ? strlen(dir) : 0;
  if (!dir || strncmp(path, dir, length) || (path[length] && path[length] != '/')) return NULL;
  const char *from = path[length] ? path + length + 1 : ".";
  char *to = name;
  while (*from) {
    if (*from >= '0' && *from <= '9') {
      *to++ = '*';
      while ((*from >= '0' && *from <= '9') || (*from >= 'A' && *from <= 'F')) from++;
    } else {
      *to++ = *from++;
    }
  }
  *to = 0;
  return name;
}

static char *name_of(int fd, char *name) {
  struct stat stat;
  if (fstat(fd, &stat) || !(S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode))) return NULL;
  char link[64], path[PATH];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  // A file whose name is another one's by now.
  char *gone = strstr(path, " (deleted)");
  if (gone) strcpy(gone, ".gone");
  return named(path, name);
}

// The same of a path that begins in an open folder.
static char *named_at(int dir, const char *path, char *name) {
  char link[64], whole[2 * PATH];
  if (dir == AT_FDCWD || *path == '/') return named(path, name);
  snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
  ssize_t length = readlink(link, whole, PATH);
  if (length < 0) return NULL;
  snprintf(whole + length, sizeof whole - length, "/%s", path);
  return named(whole, name);
}

static void note(const char *call, const char *name) {
  static char *seen[256];
  static int count;
  char line[PATH];
  const char *file = setting("DISK_SEEN");
  if (!file) return;
  snprintf(line, sizeof line, "%s %s\n", call, name);
  pthread_mutex_lock(&lock);
  int known = 0;
  for (int i = 0; i < count && !known; i++) known = !strcmp(seen[i], line);
  if (!known && count < 256) {
    seen[count++] = strdup(line);
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    REAL(write)(fd, line, strlen(line));
    close(fd);
  }
  pthread_mutex_unlock(&lock);
}

// What is to happen at this call. A write that comes short is followed by one that finds no room.
static enum kind happens(const char *call, const char *name) {
  static int hit, full, calls;
  int nth;
  char wanted[PATH], wanted_call[64], wanted_name[PATH], wanted_kind[64], path[PATH];
  const char *fault = setting("DISK_FAULT"), *armed = setting("DISK_ARMED");
  note(call, name);
  if (!fault || !armed || access(armed, F_OK)) return NONE;
  snprintf(wanted, sizeof wanted, "%s", fault);
  if (sscanf(wanted, "%63s %4095s %63s %d", wanted_call, wanted_name, wanted_kind, &nth) != 4) abort();
  if (strcmp(call, wanted_call) || fnmatch(wanted_name, name, 0)) return NONE;
  enum kind kind = ABORT;
  while (strcmp(KINDS[kind], wanted_kind)) kind++;
  pthread_mutex_lock(&lock);
  int early = ++calls < nth;
  if (kind == SHORT && hit && !full) { full = 1; kind = ENOSPC_ONCE; }
  else if (hit && kind != LIE) kind = NONE;
  if (!early) hit = 1;
  pthread_mutex_unlock(&lock);
  if (early) return NONE;
  snprintf(path, sizeof path, "%s.hit", armed);
  close(open(path, O_WRONLY | O_CREAT, 0600));
  return kind;
}

static void written(int fd, off_t at, ssize_t bytes) {
  struct stat stat;
  if (bytes <= 0 || !setting("DISK_KEPT") || fstat(fd, &stat)) return;
  pthread_mutex_lock(&lock);
  if (ranges_count == ranges_room)
    ranges = realloc(ranges, (ranges_room = 2 * ranges_room + 64) * sizeof *ranges);
  ranges[ranges_count++] = (struct range){stat.st_ino, at, bytes};
  pthread_mutex_unlock(&lock);
}

static void keep_file(int fd, const struct stat *stat, const char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int from = open(link, O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0600);
  size_t left = 0;
  for (size_t i = 0; i < ranges_count; i++) {
    struct range range = ranges[i];
    if (range.file != stat->st_ino) { ranges[left++] = range; continue; }
    char *bytes = malloc(range.bytes);
    ssize_t count = pread(from, bytes, range.bytes, range.at);
    if (count > 0) REAL(pwrite)(to, bytes, count, range.at);
    free(bytes);
  }
  ranges_count = left;
  REAL(ftruncate)(to, stat->st_size);
  close(from), close(to);
}

static void keep_names(int fd, const char *path) {
  char link[64], half[PATH + 8];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  snprintf(half, sizeof half, "%s.half", path);
  DIR *dir = opendir(link);
  FILE *file = fopen(half, "w");
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      fprintf(file, "%lu %s%s\n", (unsigned long)entry->d_ino, entry->d_name, entry->d_type == DT_DIR ? "/" : "");
  }
  fclose(file), closedir(dir);
  REAL(rename)(half, path);
}

// After a sync: all that was written to the file, or all the names in the folder, is lasting.
static void keep(int fd) {
  struct stat stat;
  char path[PATH];
  const char *kept = setting("DISK_KEPT");
  if (!kept || fstat(fd, &stat)) return;
  snprintf(path, sizeof path, "%s/%lu", kept, (unsigned long)stat.st_ino);
  pthread_mutex_lock(&lock);
  if (S_ISDIR(stat.st_mode)) keep_names(fd, path); else keep_file(fd, &stat, path);
  pthread_mutex_unlock(&lock);
}

static int failing(enum kind kind) {
  if (kind == ABORT) die();
  if (kind != EIO_ONCE && kind != ENOSPC_ONCE) return 0;
  errno = kind == EIO_ONCE ? EIO : ENOSPC;
  return 1;
}

// How much of a write is done.
static size_t part(enum kind kind, size_t bytes) {
  return kind == TORN || kind == SHORT ? (bytes + 1) / 2 : bytes;
}

static void over(enum kind kind) { if (kind == TORN || kind == AFTER) die(); }

ssize_t write(int fd, const void *bytes, size_t count) {
  char name[PATH];
  if (!name_of(fd, name)) return REAL(write)(fd, bytes, count);
  enum kind kind = happens("write", name);
  if (failing(kind)) return -1;
  ssize_t done = REAL(write)(fd, bytes, part(kind, count));
  written(fd, lseek(fd, 0, SEEK_CUR) - done, done);
  over(kind);
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  char name[PATH];
  if (!name_of(fd, name)) return REAL(pwrite)(fd, bytes, count, at);
  enum kind kind = happens("pwrite", name);
  if (failing(kind)) return -1;
  ssize_t done = REAL(pwrite)(fd, bytes, part(kind, count), at);
  written(fd, at, done);
  over(kind);
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return pwrite(fd, bytes, count, at); }

#define CALL(call, shown, kept, parameters, ...) \
  int call parameters {                         \
    char name[PATH];                            \
    if (!(shown)) return REAL(call)(__VA_ARGS__); \
    enum kind kind = happens(#call, name);      \
    if (failing(kind)) return -1;               \
    if (kind == LIE) return 0;                  \
    int done = REAL(call)(__VA_ARGS__);         \
    if (!done) { kept; }                        \
    over(kind);                                 \
    return done;                                \
  }

CALL(fsync, name_of(fd, name), keep(fd), (int fd), fd)
CALL(fdatasync, name_of(fd, name), keep(fd), (int fd), fd)
CALL(sync_file_range, name_of(fd, name), , (int fd, off_t from, off_t bytes, unsigned flags), fd, from, bytes, flags)
CALL(ftruncate, name_of(fd, name), , (int fd, off_t bytes), fd, bytes)
CALL(rename, named(to, name), , (const char *from, const char *to), from, to)
CALL(mkdir, setting("DISK_NAMES") && named(path, name), , (const char *path, mode_t mode), path, mode)
CALL(unlink, setting("DISK_NAMES") && named(path, name), , (const char *path), path)
CALL(unlinkat, setting("DISK_NAMES") && named_at(dir, path, name), , (int dir, const char *path, int flags), dir, path, flags)

int ftruncate64(int fd, off_t bytes) { return ftruncate(fd, bytes); }
