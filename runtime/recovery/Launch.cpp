#include "runtime/recovery/Launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sigma::runtime {
namespace {

constexpr int kNotStarted = 127; // what a shell says of a command that is not there

sigset_t watchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGCHLD})
    sigaddset(&set, signal);
  return set;
}

int nextSignal(double seconds) {
  const sigset_t set = watchedSignals();
  timespec limit;
  limit.tv_sec = time_t(seconds);
  limit.tv_nsec = long((seconds - double(limit.tv_sec)) * 1e9);
  return sigtimedwait(&set, nullptr, &limit);
}

void setEnvironment() {
  // An inherited choice of kernels may halve the speed of the linear algebra; the library knows the
  // processor better.
  unsetenv("OPENBLAS_CORETYPE");
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 1);
  if (geteuid() == 0) {
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  }
}

[[noreturn]] void becomeLauncher(const std::vector<std::string> &command, pid_t parent,
                                 int errors) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) // it died before the line above
    _exit(kNotStarted);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(errors, STDERR_FILENO);
  setEnvironment();
  std::vector<char *> argv;
  for (const std::string &argument : command)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  std::fprintf(stderr, "train: error: cannot start %s: %s\n", argv[0], std::strerror(errno));
  _exit(kNotStarted);
}

/// Kills and reaps what the launcher left: its group, and ranks that became children of this
/// process.
void clearDescendants(pid_t group) {
  kill(-group, SIGKILL);
  const std::string list = "/proc/self/task/" + std::to_string(getpid()) + "/children";
  for (int round = 0; round < 100; ++round) {
    std::ifstream children(list);
    for (pid_t child; children >> child;)
      kill(child, SIGKILL);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD)
      return;
    usleep(10000);
  }
}

/// The process, and all that come from it.
void killTree(pid_t root) {
  const std::string id = std::to_string(root);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> below;
  for (pid_t child; children >> child;)
    below.push_back(child);
  kill(root, SIGKILL);
  for (pid_t child : below)
    killTree(child);
}

/// What the launcher writes to standard error goes on to ours, and its end is kept.
class Errors {
public:
  Errors() {
    if (pipe2(ends, O_CLOEXEC) != 0)
      ends[0] = ends[1] = -1;
    else
      fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  ~Errors() {
    close(ends[0]);
    close(ends[1]);
  }
  Errors(const Errors &) = delete;
  Errors &operator=(const Errors &) = delete;

  int input() const { return ends[1] < 0 ? STDERR_FILENO : ends[1]; }

  void pass() {
    char text[4096];
    for (ssize_t bytes; (bytes = read(ends[0], text, sizeof text)) > 0;) {
      std::fwrite(text, 1, size_t(bytes), stderr);
      said.append(text, size_t(bytes));
      if (said.size() > kMost)
        said.erase(0, said.size() - kMost);
    }
  }

  std::string said;

private:
  static constexpr size_t kMost = 1 << 16;
  int ends[2];
};

int shellStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string describe(int status) {
  if (WIFSIGNALED(status))
    return "mpirun was killed by signal " + std::to_string(WTERMSIG(status));
  return "mpirun ended with status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

void prepareToLaunch() {
  const sigset_t set = watchedSignals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

LaunchResult launch(const std::vector<std::string> &command, const std::function<Wish()> &wish) {
  LaunchResult result;
  Errors errors;
  const pid_t parent = getpid(), child = fork();
  if (child == 0)
    becomeLauncher(command, parent, errors.input());
  if (child < 0) {
    result.how = std::string("cannot fork: ") + std::strerror(errno);
    return result;
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    const int signal = nextSignal(0.2);
    errors.pass();
    const Wish wished = wish();
    if (wished == Wish::Kill) {
      result.ended = true;
      clearDescendants(child);
      return result;
    }
    // mpirun passes SIGUSR1 on to the ranks, which finish their step and save; SIGTERM makes it
    // kill them.
    if (signal == SIGTERM || signal == SIGINT) {
      kill(child, result.stopped ? SIGTERM : SIGUSR1);
      result.stopped = true;
    } else if (wished == Wish::Stop && !result.left) {
      kill(child, SIGUSR1);
      result.left = true;
    }
  }
  clearDescendants(child);
  result.started = !(WIFEXITED(status) && WEXITSTATUS(status) == kNotStarted);
  result.status = shellStatus(status);
  result.how = describe(status);
  errors.pass();
  result.said = errors.said;
  return result;
}

void launchAll(const std::vector<std::vector<std::string>> &commands, double mostSeconds) {
  std::vector<pid_t> running;
  const pid_t parent = getpid();
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const std::vector<std::string> &command : commands) {
    const pid_t child = fork();
    if (child == 0)
      becomeLauncher(command, parent, null);
    if (child > 0)
      running.push_back(child);
  }
  const auto end = [](pid_t child) { return waitpid(child, nullptr, WNOHANG) != 0; };
  for (double seconds = 0; !running.empty() && seconds < mostSeconds; seconds += 0.02) {
    running.erase(std::remove_if(running.begin(), running.end(), end), running.end());
    usleep(20000);
  }
  for (pid_t child : running) {
    killTree(child);
    waitpid(child, nullptr, 0);
  }
  close(null);
}

bool pauseForStop(double seconds) {
  const int signal = nextSignal(seconds);
  return signal == SIGTERM || signal == SIGINT;
}

} // namespace sigma::runtime
