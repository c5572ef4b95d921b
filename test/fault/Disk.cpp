// A file layer that fails, for LD_PRELOAD: it counts the calls that change files of one folder, and at a chosen one kills the
// process, or refuses the call from there on, as a full disk does, or waits, as a slow one.
//
//   SIGMA_DISK="FOLDER RANK CALL kill|full|slow|count"    the n-th call of that rank, from 1
//
// "count" appends the number of calls to FOLDER.calls when the process ends.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>

namespace {

enum class Action { None, Kill, Full, Slow, Count };

struct Wanted {
  std::string folder;
  long call = 0;
  Action action = Action::None;
  std::atomic<long> calls{0};
  std::atomic<bool> isInside[4096] = {}; // by descriptor

  Wanted() {
    char path[1024] = "", what[16] = "";
    int rank = -1;
    const char *text = getenv("SIGMA_DISK"), *own = getenv("OMPI_COMM_WORLD_RANK");
    if (!text || sscanf(text, "%1023s %d %ld %15s", path, &rank, &call, what) != 4 ||
        (own ? atoi(own) : 0) != rank)
      return;
    folder = path;
    const std::string name = what;
    action = name == "kill"   ? Action::Kill
             : name == "full" ? Action::Full
             : name == "slow" ? Action::Slow
                              : Action::Count;
  }
  ~Wanted() {
    if (action != Action::Count)
      return;
    if (FILE *file = fopen((folder + ".calls").c_str(), "a")) {
      fprintf(file, "%ld\n", calls.load());
      fclose(file);
    }
  }
};

Wanted &wanted() {
  static Wanted one;
  return one;
}

/// Whether a path leads into the folder; that of a directory descriptor is looked up.
bool isInside(int at, const char *path) {
  const Wanted &w = wanted();
  if (w.action == Action::None || !path)
    return false;
  std::string whole = path;
  if (path[0] != '/' && at != AT_FDCWD) {
    char link[64], name[1024] = "";
    snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
    if (readlink(link, name, sizeof(name) - 1) > 0)
      whole = std::string(name) + "/" + path;
  }
  return whole.compare(0, w.folder.size(), w.folder) == 0;
}

bool isInside(int descriptor) {
  return descriptor >= 0 && descriptor < 4096 && wanted().isInside[descriptor];
}

/// The call is about to happen; true when it has to fail.
bool fails(bool isHere, bool needsSpace) {
  Wanted &w = wanted();
  if (!isHere)
    return false;
  const long number = ++w.calls;
  if (w.action == Action::Kill && number == w.call)
    kill(getpid(), SIGKILL);
  if (w.action == Action::Slow && number >= w.call)
    usleep(50000);
  if (w.action != Action::Full || number < w.call || !needsSpace)
    return false;
  errno = ENOSPC;
  return true;
}

template <class F>
F real(F, const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

int opened(int descriptor, bool isHere) {
  if (descriptor >= 0 && descriptor < 4096)
    wanted().isInside[descriptor] = isHere;
  return descriptor;
}

} // namespace

#define REAL(name) static const auto next = real(&name, #name)

extern "C" {

int open(const char *path, int flags, ...) {
  REAL(open);
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  const bool here = isInside(AT_FDCWD, path);
  return fails(here && flags & (O_WRONLY | O_RDWR), flags & O_CREAT)
             ? -1
             : opened(next(path, flags, mode), here);
}
int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open(path, flags | O_LARGEFILE, mode);
}
ssize_t write(int file, const void *data, size_t bytes) {
  REAL(write);
  return fails(isInside(file), true) ? -1 : next(file, data, bytes);
}
ssize_t pwrite(int file, const void *data, size_t bytes, off_t place) {
  REAL(pwrite);
  return fails(isInside(file), true) ? -1 : next(file, data, bytes, place);
}
ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t place) {
  return pwrite(file, data, bytes, place);
}
int ftruncate(int file, off_t bytes) {
  REAL(ftruncate);
  return fails(isInside(file), true) ? -1 : next(file, bytes);
}
int ftruncate64(int file, off64_t bytes) { return ftruncate(file, bytes); }
int fsync(int file) {
  REAL(fsync);
  return fails(isInside(file), true) ? -1 : next(file);
}
int close(int file) {
  REAL(close);
  fails(isInside(file), false);
  opened(file, false);
  return next(file);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return fails(isInside(AT_FDCWD, path), true) ? -1 : next(path, mode);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  return fails(isInside(AT_FDCWD, from), false) ? -1 : next(from, to);
}
int unlink(const char *path) {
  REAL(unlink);
  return fails(isInside(AT_FDCWD, path), false) ? -1 : next(path);
}
int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat);
  return fails(isInside(at, path), false) ? -1 : next(at, path, flags);
}
int remove(const char *path) {
  REAL(remove);
  return fails(isInside(AT_FDCWD, path), false) ? -1 : next(path);
}
}
