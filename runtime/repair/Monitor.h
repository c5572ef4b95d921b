// The supervisor's side of a job that repairs itself: it hears of a lost rank by the end of its
// line, puts a spare in its place, and tells all in which epoch, and from where, they go on.
#ifndef SIGMA_RUNTIME_REPAIR_MONITOR_H
#define SIGMA_RUNTIME_REPAIR_MONITOR_H

#include "runtime/repair/Connection.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace sigma::runtime {

class Monitor {
public:
  /// Listens for `ranks + spares` processes. Throws std::system_error where it cannot.
  Monitor(int64_t ranks, int64_t spares, const Log &log);
  ~Monitor();

  /// What kControlVariable has to say to the processes.
  std::string address() const;

  /// True when the job has to be ended: it cannot be repaired, or is done and does not leave.
  bool mustEnd() const;
  /// For people: what cannot be repaired. Empty for a run that needed no help.
  std::string reason() const;

private:
  enum class Phase { Starting, Repairing, Running, Over };

  struct Process {
    Connection line;
    int rank = -1; // -1: a spare
    std::string host;
    int64_t pid = 0;
    bool joined = false;
    // Of this epoch.
    bool ready = false, restored = false;
    std::vector<int64_t> own, ward;
  };

  void serve();
  void accept();
  void hear(int number);
  void take(int number, const Json &message);
  void greet(Connection line);
  void startWhenWhole();
  void lose(const std::vector<int> &numbers);
  void replace(int number);
  void beginEpoch();
  void restart();
  void finishRepair();
  void giveUp(const std::string &why);
  void checkDeadlines();

  int64_t bestStep() const;
  bool has(int64_t rank, int64_t step) const;
  bool keeps(int64_t rank, int64_t step) const;
  int findDistance() const;
  template <class F>
  bool all(F f) const;

  int64_t ranks, wanted; // processes in all
  const Log &log;
  std::string token;
  int listening = -1, wake = -1, port = 0;

  std::map<int, Process> processes; // by their number in MPI_COMM_WORLD
  std::vector<Connection> strangers;
  std::vector<int> processOf; // of each rank
  std::vector<int> lostRanks; // in this repair
  int distance = 0;
  int64_t epoch = -1, brokenNs = 0, phaseNs = 0, restartStep = -1;
  Phase phase = Phase::Starting;

  std::atomic<bool> ended{false};
  std::string why; // written before `ended`
  std::thread thread;
};

} // namespace sigma::runtime

#endif
