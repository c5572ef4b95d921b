//===- Interrupt.h - Ctrl-C ends long work with what it has -------*- C++ -*-===//

#ifndef TOOLS_SIGMA_INTERRUPT_H
#define TOOLS_SIGMA_INTERRUPT_H

#include <csignal>

namespace sigma::driver {

/// While one lives, SIGINT is a wish that the work asks for; afterwards it ends the program again.
class Interrupt {
public:
  Interrupt() {
    wished = 0;
    std::signal(SIGINT, [](int) { wished = 1; });
  }
  ~Interrupt() { std::signal(SIGINT, SIG_DFL); }
  Interrupt(const Interrupt &) = delete;
  Interrupt &operator=(const Interrupt &) = delete;

  static bool isWished() { return wished != 0; }

private:
  static inline volatile std::sig_atomic_t wished = 0;
};

} // namespace sigma::driver

#endif
