#include "planner/ProtoJson.h"
#include "planner/cost/Arithmetic.h"
#include "planner/profile/Profile.h"
#include "planner/proto/profile.pb.h"

#include <cmath>
#include <map>
#include <set>

using namespace sigma::planner;
namespace pb = sigma::profile;

namespace {

constexpr int64_t kNsPerS = 1000000000;
constexpr int kMostSizes = 64; // on an axis
constexpr const char *kCollectives[kNumCollectives] = {"all_gather", "reduce_scatter", "all_reduce",
                                                       "all_to_all", "ring_shift"};

// Throws PlanningError at the first field that is wrong.
class MessageReader {
public:
  Profile read(const pb::Profile &message) {
    require(message.version() == kProfileVersion,
            "version is " + std::to_string(message.version()) + "; this program reads version " +
                std::to_string(kProfileVersion));
    Profile profile;
    profile.ranks = message.ranks();
    require(profile.ranks >= 1,
            "ranks is " + std::to_string(profile.ranks) + "; it must be at least 1");
    require(message.devices_size() > 0, "devices is empty; a profile has at least one");
    for (const pb::Device &device : message.devices())
      profile.devices.push_back(
          readDevice(device, "devices[" + std::to_string(profile.devices.size()) + "]"));
    for (const pb::Level &level : message.levels())
      profile.levels.push_back(
          readLevel(level, "levels[" + std::to_string(profile.levels.size()) + "]"));
    return profile;
  }

private:
  using Samples = std::map<RateTable::Point, int64_t>; // rates

  static void require(bool ok, const std::string &message) {
    if (!ok)
      throw PlanningError(message);
  }

  static int64_t integer(double value, const std::string &field, int64_t least) {
    require(std::isfinite(value) && value >= double(least) && value <= double(kSaturated),
            field + " must be from " + std::to_string(least) + " to " + std::to_string(kSaturated));
    return std::llround(value);
  }

  static int64_t timeOf(const pb::Timing &time, const std::string &name) {
    require(std::isfinite(time.medianns()) && time.medianns() > 0,
            name + ".time.medianNs must be positive");
    return std::max<int64_t>(1, integer(time.medianns(), name + ".time.medianNs", 0));
  }

  static RateTable::Point pointOf(const pb::OpTime &time, const std::string &name) {
    RateTable::Point point = {};
    require(time.point_size() >= 1 && time.point_size() <= 3,
            name + ".point must have 1 to 3 sizes, got: " + std::to_string(time.point_size()));
    for (int i = 0; i < time.point_size(); ++i)
      point[i] = integer(time.point(i), name + ".point[" + std::to_string(i) + "]", 0);
    return point;
  }

  static std::string textOf(const RateTable::Point &point) {
    return std::to_string(point[0]) + ", " + std::to_string(point[1]) + ", " +
           std::to_string(point[2]);
  }

  static RateTable tableOf(const Samples &samples, const std::string &name, OpKind kind) {
    RateTable table;
    for (int axis = 0; axis < 3; ++axis) {
      std::set<int64_t> sizes;
      for (const auto &sample : samples)
        sizes.insert(sample.first[axis]);
      require(sizes.size() <= kMostSizes, name + ": the times of " + opKindName(kind) +
                                              " are of more than " + std::to_string(kMostSizes) +
                                              " sizes");
      table.axes[axis].assign(sizes.begin(), sizes.end());
    }
    for (int64_t x : table.axes[0])
      for (int64_t y : table.axes[1])
        for (int64_t z : table.axes[2]) {
          auto sample = samples.find({x, y, z});
          require(sample != samples.end(),
                  name + ": there is no time of " + opKindName(kind) + " at " + textOf({x, y, z}));
          table.rates.push_back(sample->second);
        }
    return table;
  }

  static std::shared_ptr<OpRates> readOps(const pb::Device &device, const std::string &name) {
    std::map<OpKind, Samples> samples;
    for (int i = 0; i < device.ops_size(); ++i) {
      const pb::OpTime &time = device.ops(i);
      const std::string field = name + ".ops[" + std::to_string(i) + "]";
      const std::optional<OpKind> kind = opKindNamed(time.op());
      if (!kind)
        continue; // of a later version
      const int64_t amount = integer(time.amount(), field + ".amount", 1);
      const Int128 rate = Int128(amount) * kNsPerS / timeOf(time.time(), field);
      require(
          samples[*kind].emplace(pointOf(time, field), std::max<int64_t>(1, saturate(rate))).second,
          field + " is a second time of " + time.op() + " at this point");
    }
    for (OpKind needed : {OpKind::MatmulNn, OpKind::MatmulNt, OpKind::MatmulTn, OpKind::Add})
      require(samples.count(needed), name + ": there is no time of " + opKindName(needed));
    auto rates = std::make_shared<OpRates>();
    for (const auto &[kind, times] : samples)
      (*rates)[static_cast<int>(kind)] = tableOf(times, name, kind);
    return rates;
  }

  static ProfiledDevice readDevice(const pb::Device &in, const std::string &name) {
    ProfiledDevice device;
    device.kind = in.kind();
    device.precision = in.precision();
    require(!device.kind.empty(), name + ".kind is empty");
    require(!device.precision.empty(), name + ".precision is empty");
    device.launchNs = integer(in.launchns(), name + ".launchNs", 0);
    device.jitterPpm = integer(in.jitterppm(), name + ".jitterPpm", 0);
    device.rates = readOps(in, name);
    return device;
  }

  static Collective collectiveNamed(const std::string &text, const std::string &field) {
    std::string names;
    for (int i = 0; i < kNumCollectives; ++i) {
      if (text == kCollectives[i])
        return static_cast<Collective>(i);
      names += (names.empty() ? "" : ", ") + std::string(kCollectives[i]);
    }
    throw PlanningError(field + ".collective is '" + text + "'; allowed: " + names);
  }

  static void requireGrid(const std::vector<ProfiledExchange> &exchanges, const std::string &name) {
    std::map<Collective, std::set<std::pair<int64_t, int64_t>>> sizes;
    for (const ProfiledExchange &exchange : exchanges)
      require(sizes[exchange.collective].insert({exchange.ranks, exchange.bytes}).second,
              name + ": there are two times of " + kCollectives[int(exchange.collective)] + " of " +
                  std::to_string(exchange.ranks) + " ranks and " + std::to_string(exchange.bytes) +
                  " bytes");
    for (int i = 0; i < kNumCollectives; ++i) {
      const auto &there = sizes[static_cast<Collective>(i)];
      require(!there.empty(), name + ": there is no time of " + kCollectives[i]);
      for (const auto &[ranks, unused] : there)
        for (const auto &[other, bytes] : there)
          require(there.count({ranks, bytes}), name + ": there is no time of " + kCollectives[i] +
                                                   " of " + std::to_string(ranks) + " ranks and " +
                                                   std::to_string(bytes) + " bytes");
    }
  }

  static ProfiledLevel readLevel(const pb::Level &in, const std::string &name) {
    ProfiledLevel level;
    level.name = in.name();
    level.jitterPpm = integer(in.jitterppm(), name + ".jitterPpm", 0);
    for (const pb::ExchangeTime &time : in.exchanges()) {
      const std::string field = name + ".exchanges[" + std::to_string(level.exchanges.size()) + "]";
      require(time.ranks() >= 2 && time.ranks() <= (1 << 24),
              field + ".ranks is " + std::to_string(time.ranks()) + "; it must be at least 2");
      level.exchanges.push_back({collectiveNamed(time.collective(), field), time.ranks(),
                                 integer(time.bytes(), field + ".bytes", 1),
                                 timeOf(time.time(), field)});
    }
    requireGrid(level.exchanges, name);
    return level;
  }
};

} // namespace

Profile sigma::planner::profileFromJson(const std::string &text) {
  Profile profile;
  pb::Profile message;
  profile.error = readProtoJson(text, "profile", message);
  if (!profile.error.empty())
    return profile;
  try {
    profile = MessageReader().read(message);
  } catch (const PlanningError &error) {
    profile = Profile();
    profile.error = error.what();
  }
  return profile;
}
