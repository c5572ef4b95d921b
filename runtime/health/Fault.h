// How a run ends early. Errors of the user are exceptions until sigma_main; a fault in the middle
// of the program, where no function can return an error, ends the whole job with a named reason.
#ifndef SIGMA_RUNTIME_HEALTH_FAULT_H
#define SIGMA_RUNTIME_HEALTH_FAULT_H

#include "runtime/abi/abi.h"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace sigma::runtime {

/// Something the user can mend: a file, an option, a launch command.
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A fault whose kind and exit status are known where it is found.
struct FaultError : std::runtime_error {
  FaultError(std::string kind, const std::string &reason, int status)
      : std::runtime_error(reason), kind(std::move(kind)), status(status) {}
  std::string kind;
  int status;
};

/// The kind of a fault of MPI's.
constexpr const char *kMpiFault = "communication";

/// Logs the fault, leaves the end marker, and ends the job.
[[noreturn]] void fault(sigma_rt rt, const std::string &kind, const std::string &reason,
                        int status);

/// The same, for a fault that every rank finds at the same place: rank 0 speaks and ends the job.
[[noreturn]] void faultTogether(sigma_rt rt, const std::string &kind, const std::string &reason,
                                int status);

/// Ends the run with `memory-exhausted`.
[[noreturn]] void noMoreMemory(sigma_rt rt);

/// From now on, a `new` that gets no memory, in any thread, ends the run with `memory-exhausted`:
/// there may be some later, or on another node.
void watchMemory(sigma_rt rt);

/// Collective. Where a rank has something to say of the step that has just ended, the run ends with
/// what the first of them says, to be started again.
void faultOfAny(sigma_rt rt, const std::string &kind, const std::string &reason);

/// Runs f; no exception passes the ABI.
template <class F>
void guarded(sigma_rt rt, F &&f) {
  try {
    f();
  } catch (const FaultError &error) {
    fault(rt, error.kind, error.what(), error.status);
  } catch (const std::bad_alloc &) { // of a library that does not ask for it by new
    noMoreMemory(rt);
  } catch (const std::exception &error) {
    fault(rt, "internal", error.what(), SIGMA_EXIT_FAULT);
  }
}

} // namespace sigma::runtime

#endif
