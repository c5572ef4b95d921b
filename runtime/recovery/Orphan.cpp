#include "runtime/recovery/Orphan.h"
#include "runtime/Options.h"
#include "runtime/abi/abi.h"

#include <unistd.h>

namespace sigma::runtime {

static pid_t launcher = 0;

void watchLauncher() {
  if (launched())
    launcher = getppid();
}

void leaveIfOrphaned() {
  if (launcher != 0 && getppid() != launcher)
    _exit(SIGMA_EXIT_RETRY);
}

} // namespace sigma::runtime
