#include "runtime/profile/Profile.h"
#include "runtime/ResidentMemory.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Host.h"
#include "runtime/health/Fault.h"
#include "runtime/profile/Links.h"
#include "runtime/profile/Ops.h"
#include "runtime/recovery/Orphan.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace sigma::runtime {
namespace {

constexpr int64_t kThreads = 1; // a rank is one core

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
/// Calls take turns in so much memory, so that no operand is still in a cache because it was
/// there the last time.
constexpr int64_t kPoolBytes = 64 << 20;
constexpr double kSpikeDeviations = 6, kLeastSpikeNs = 1e6; // beyond the usual time
constexpr int64_t kLargeShare = 4;
constexpr double kNsPerHour = 3.6e12;
constexpr double kMostDisturbedPpm = 5e4;

Json toJson(const Timing &time) {
  return {{"medianNs", time.medianNs}, {"lowNs", time.lowNs}, {"highNs", time.highNs}};
}

int64_t elemNamed(const std::string &precision) {
  return precision == elemName(SIGMA_F64)    ? SIGMA_F64
         : precision == elemName(SIGMA_BF16) ? SIGMA_BF16
                                             : SIGMA_F32;
}

/// Numbers between 0 and 1, none of them tiny; two of bf16 are one of f32.
void fillWithNumbers(Runtime &rt, int64_t elem) {
  constexpr int64_t kPeriod = 1000;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    T *numbers = reinterpret_cast<T *>(rt.arena.data());
    const int64_t n = rt.arena.bytes() / int64_t(sizeof(T));
    for (int64_t i = 0; i < kPeriod; ++i)
      numbers[i] = narrowed<T>(W((i * 7919 + rt.mesh.rank) % kPeriod + 1) / W(1024));
    for (int64_t done = kPeriod; done < n; done += kPeriod)
      std::memcpy(numbers + done, numbers, std::min(kPeriod, n - done) * sizeof(T));
  });
}

class DeviceProfile {
public:
  DeviceProfile(Runtime &rt, const ProfileOptions &options, int64_t elem)
      : rt(rt), options(options), elem(elem) {}

  Json measure() {
    Json device;
    device["kind"] = options.kind.empty() ? rt.device->name : options.kind;
    device["precision"] = options.precision;
    device["products"] = rt.device->prepare(elem, kThreads);
    device["instructionLevel"] = rt.device->instructionLevel;
    const std::vector<OpCase> cases = opCases(elem, options.quick);
    const OpCase small = product(elem, 96), large = product(elem, 512);
    const int64_t before = peakResidentBytes();
    takeMemory(cases);
    const int64_t processBytes = largestOf(&rt, std::max(before, bytesOfLibraries(cases)));
    const Clock clock = clockOf(callOf(small));
    device["clock"] = clock == Clock::Processor ? "processor" : "wall";
    device["memoryBytes"] = memoryOfRank();
    device["processBytes"] = processBytes;
    float nothing = 0;
    device["launchNs"] =
        timeOfCall(&rt, clock, [&](int64_t) { sigma_fill(&rt, elem, &nothing, 0, 0); }).medianNs;
    measureNoise(large, clock, device);
    for (const OpCase &each : cases) {
      fillWithNumbers(rt, elem); // what others left may be infinite, or tiny in this type
      device["ops"].push_back({{"op", each.op},
                               {"point", each.point},
                               {"amount", each.amount},
                               {"time", toJson(timeOfCall(&rt, clock, callOf(each)))}});
    }
    return device;
  }

private:
  /// What is there beside the memory of programs, when each op has been called.
  int64_t bytesOfLibraries(const std::vector<OpCase> &cases) {
    for (const OpCase &each : cases)
      if (each.memoryBytes > rt.arena.bytes() / kLargeShare)
        each.run(&rt, elem, rt.arena.data());
    return peakResidentBytes() - rt.arena.bytes();
  }

  void takeMemory(const std::vector<OpCase> &cases) {
    int64_t most = kPoolBytes;
    for (const OpCase &each : cases)
      most = std::max(most, each.memoryBytes);
    rt.arena.allocate(most);
    fillWithNumbers(rt, elem);
  }

  Call callOf(const OpCase &each) {
    const int64_t places = std::max<int64_t>(1, kPoolBytes / each.memoryBytes);
    return [this, &each, places](int64_t i) {
      each.run(&rt, elem, rt.arena.data() + i % places * each.memoryBytes);
    };
  }

  int64_t memoryOfRank() {
    const std::string host = hostName();
    const std::vector<std::string> hosts = gatherStrings(&rt, host);
    const int64_t ranks =
        std::max<int64_t>(1, std::count(hosts.begin(), hosts.end(), host)); // rank 0's
    return int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / ranks;
  }

  /// Of some milliseconds of work, how much times spread; by wall clock, how often and for how long
  /// the device stands still, and what share of its time that is.
  void measureNoise(const OpCase &work, Clock clock, Json &device) {
    const int64_t count = options.quick ? 20 : 500;
    std::vector<double> own = timesOfCalls(clock, count, callOf(work)),
                        walls = timesOfCalls(Clock::Wall, count, callOf(work)), spikes;
    const double deviation = relativeDeviation(own); // sorts
    const double usual = quantileOf(own, 0.5) * (1 + kSpikeDeviations * deviation) + kLeastSpikeNs;
    double total = 0, lost = 0;
    for (double wall : walls) {
      total += wall;
      if (wall > usual) {
        spikes.push_back(wall - quantileOf(own, 0.5));
        lost += spikes.back();
      }
    }
    std::sort(spikes.begin(), spikes.end());
    const std::vector<double> means =
        meansOfRanks({deviation * 1e6, double(spikes.size()) / total * kNsPerHour,
                      spikes.empty() ? 0 : quantileOf(spikes, 0.5), lost / total * 1e6});
    device["jitterPpm"] = std::round(means[0]);
    device["spikesPerHour"] = std::round(means[1]);
    device["spikeNs"] = std::round(means[2]);
    device["disturbedPpm"] = std::round(means[3]);
  }

  std::vector<double> meansOfRanks(const List<double> &mine) {
    const List<double> all = gatherDoubles(&rt, mine);
    std::vector<double> means(mine.size());
    for (size_t i = 0; i < all.size(); ++i)
      means[i % mine.size()] += all[i] / rt.mesh.size;
    return means;
  }

  Runtime &rt;
  const ProfileOptions &options;
  int64_t elem;
};

Json measureLevels(Runtime &rt, int64_t elem, bool quick) {
  Json levels = Json::array();
  for (const Level &level : measureLinks(rt, elem, quick)) {
    Json exchanges = Json::array();
    for (const ExchangeTime &each : level.exchanges)
      exchanges.push_back({{"collective", each.collective},
                           {"ranks", each.ranks},
                           {"bytes", each.bytes},
                           {"time", toJson(each.timing.time)}});
    levels.push_back({{"name", level.name},
                      {"jitterPpm", std::round(level.jitter() * 1e6)},
                      {"disturbedPpm", std::round(level.disturbed() * 1e6)},
                      {"exchanges", exchanges}});
  }
  return levels;
}

std::string timeText() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

/// What rank 0 does for all; all throw when it fails.
template <class F>
void onFirstRank(Runtime &rt, F f) {
  std::string reason;
  if (rt.mesh.rank == 0) {
    try {
      f();
    } catch (const std::exception &error) {
      reason = error.what();
    }
  }
  reason = broadcastString(&rt, reason);
  if (!reason.empty())
    throw UserError(reason);
}

/// Where a profile goes: standard output, or a file that appears whole or not at all.
class Output {
public:
  /// Throws now rather than after minutes.
  explicit Output(std::string path) : path(std::move(path)), partial(this->path + ".partial") {
    if (this->path == "-")
      return;
    std::FILE *file = std::fopen(partial.c_str(), "w");
    if (!file)
      refuse();
    std::fclose(file);
    std::remove(partial.c_str());
  }

  void write(const std::string &text) const {
    std::FILE *file = path == "-" ? stdout : std::fopen(partial.c_str(), "w");
    bool isWhole = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file)
      isWhole = (path == "-" ? std::fflush(file) : std::fclose(file)) == 0 && isWhole;
    if (isWhole && path != "-")
      isWhole = std::rename(partial.c_str(), path.c_str()) == 0;
    if (!isWhole)
      refuse();
  }

private:
  [[noreturn]] void refuse() const {
    const std::string reason = std::strerror(errno);
    if (path != "-")
      std::remove(partial.c_str());
    throw UserError("cannot write " + path + ": " + reason);
  }

  std::string path, partial;
};

/// Times by wall clock are too long where others have the processors meanwhile.
void warnOfOthers(const Json &profile) {
  double most = profile["devices"][0]["disturbedPpm"];
  for (const Json &level : profile["levels"])
    most = std::max<double>(most, level["disturbedPpm"]);
  if (most > kMostDisturbedPpm)
    std::fprintf(stderr,
                 "warning: ranks were without their processors for %.0f %% of the time; times of "
                 "links may be too long: measure again when the machines are idle\n",
                 most / 1e4);
}

int run(Runtime &rt, const ProfileOptions &options) {
  const int64_t elem = elemNamed(options.precision);
  MeshShape shape;
  shape.dp = rt.mesh.size;
  rt.mesh = makeMesh(shape, everyone());
  rt.program.elem = elem;
  onFirstRank(rt, [&] { Output(options.output); });
  Json profile;
  profile["version"] = kVersion;
  profile["created"] = timeText();
  profile["ranks"] = rt.mesh.size;
  profile["devices"] = {DeviceProfile(rt, options, elem).measure()};
  profile["levels"] = measureLevels(rt, elem, options.quick);
  onFirstRank(rt, [&] {
    warnOfOthers(profile);
    Output(options.output).write(profile.dump(1) + "\n");
  });
  return SIGMA_EXIT_DONE;
}

} // namespace

int measureProfile(const ProfileOptions &options, char *const *argv) {
  Runtime rt;
  rt.device->begin(elemNamed(options.precision), kThreads, argv);
  watchLauncher();
  initializeMpi();
  int status = SIGMA_EXIT_USER_ERROR;
  MPI_Comm_rank(MPI_COMM_WORLD, &rt.mesh.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &rt.mesh.size);
  try {
    status = run(rt, options);
  } catch (const UserError &error) { // all ranks have it
    if (rt.mesh.rank == 0)
      std::fprintf(stderr, "error: %s\n", error.what());
  } catch (const std::exception &error) {
    fault(&rt, "internal", error.what(), SIGMA_EXIT_FAULT);
  }
  MPI_Finalize();
  return status;
}

} // namespace sigma::runtime
