// Time of the pieces of a model under a layout, as the oracles read docs/cost-model.md.
//
// Written without the search's and the check's code: of the planner it uses only the times of
// primitive ops and collectives.
#ifndef SIGMA_TEST_PLANNER_ORACLEWORK_H
#define SIGMA_TEST_PLANNER_ORACLEWORK_H

#include "Instances.h"

#include <array>
#include <map>
#include <memory>

namespace sigma::planner::test {

// The wait for the slowest of n, and what is left of communication beyond a share of compute.
int64_t waitNs(int64_t mean, int64_t n, double cv);
// What is left of a wait behind something that has so much room for it.
int64_t shownWaitNs(int64_t wait, int64_t room);
int64_t exposedNs(int64_t comm, int64_t compute, int64_t ppm);

struct ModeFigures {
  std::string name;
  int64_t extraNs = 0, savedBytes = 0;
  // By whether the gradient that comes in and the one that goes out are the piece's own.
  std::array<std::array<int64_t, 2>, 2> transientBytes{};
  int64_t heldBytes = 0, madeBytes = 0; // where backward is split
};

// A layer, the embedding or the head on one kind of device.
struct PieceFigures {
  int64_t forwardNs = 0, backwardNs = 0; // arithmetic
  int64_t wholeForwardNs = 0;            // with what it waits for
  int64_t wholeBackwardNs = 0;           // the same, and the exchanges it hides
  int64_t shownBackwardNs = 0;           // without those
  int64_t hiddenNs = 0;                  // exchanges that something hides
  int64_t baseNs = 0;                    // forward and backward with all they wait for, before ZeRO
  double variance = 0;
  int64_t dense = 0, expert = 0;  // parameters
  std::vector<ModeFigures> modes; // those that a pin allows
  bool holdsGradient = false;
};

// What depends on ZeRO by the memory of pieces alone, and little on the schedule.
struct WorkFigures {
  WorkFigures(Instance &instance, const Layout &layout);

  struct Stage {
    Device device;
    std::map<int, PieceFigures> kinds;
    PieceFigures embedding, head;
  };
  std::vector<std::shared_ptr<const Stage>> stages; // shared where devices are the same
  int64_t boundaryBytes, batchBytes, workspaceBytes;
  int64_t comingBytes = 0;  // of the layer that is gathered next, whichever that is
  int64_t leavingBytes = 0; // of the piece whose gradients are being summed, whichever that is
};

// The work of every layout, once for those that differ in chunks and early stages of ZeRO only.
class WorkBook {
public:
  explicit WorkBook(Instance &instance) : instance(instance) {}

  const WorkFigures &work(const Layout &layout);

private:
  Instance &instance;
  std::map<std::vector<int64_t>, WorkFigures> known;
};

} // namespace sigma::planner::test

#endif
