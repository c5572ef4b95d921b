// What `sigma profile` measured, and how it takes the place of what a cluster states.
#ifndef SIGMA_PLANNER_PROFILE_PROFILE_H
#define SIGMA_PLANNER_PROFILE_PROFILE_H

#include "planner/Problem.h"

#include <string>
#include <vector>

namespace sigma::planner {

inline constexpr int kProfileVersion = 1;

struct ProfiledDevice {
  std::string kind;      // the name of the sigma.accelerator that it is
  std::string precision; // as a job states it
  int64_t launchNs = 0, jitterPpm = 0;
  std::shared_ptr<const OpRates> rates;
};

struct ProfiledExchange {
  Collective collective;
  int64_t ranks, bytes, timeNs;
};

struct ProfiledLevel {
  std::string name;
  int64_t jitterPpm = 0;
  std::vector<ProfiledExchange> exchanges; // of each collective a grid of ranks and bytes
};

struct Profile {
  int64_t ranks = 1;
  std::vector<ProfiledDevice> devices;
  std::vector<ProfiledLevel> levels; // from the innermost out
  std::string error;                 // what is wrong with the text; then nothing else is set
};

// Of profile.json. Tolerates unknown fields, and ops that it does not know.
Profile profileFromJson(const std::string &text);

// What the times of a level say of its links.
Tier measuredTier(const ProfiledLevel &level, const Tier &stated);

// Replaces the figures of the cluster's devices and tiers by measured ones, which take `marginPpm`
// longer; what stays as stated is said in `remarks`. Returns what is missing in the profile, or
// nothing.
std::string applyProfile(const Profile &profile, const std::string &precision, int64_t marginPpm,
                         Cluster &cluster, std::vector<std::string> &remarks);

} // namespace sigma::planner

#endif
