#include "runtime/health/Replicas.h"
#include "runtime/Runtime.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"

#include <algorithm>

namespace sigma::runtime {
namespace {

const char *nameOf(State state) {
  return state == State::Value         ? "value"
         : state == State::FirstMoment ? "first moment"
         : state == State::Copy        ? "rounded value"
                                       : "second moment";
}

/// What a group holds several times.
struct Copy {
  const Tensor *tensor;
  State state;
};

std::vector<Copy> copiesIn(sigma_rt rt, const Group &group) {
  std::vector<Copy> copies;
  for (const Tensor *tensor : rt->ownTensors())
    for (State state : kKeptStates)
      if (tensor->isCopiedIn(group, state, rt->mesh))
        copies.push_back({tensor, state});
  return copies;
}

uint64_t checksumOf(sigma_rt rt, const Copy &copy) {
  const int64_t bytes = elemBytes(rt->program.elemOf(copy.state));
  uint32_t sum = 0;
  for (const HeldBox &held : copy.tensor->held(copy.state, rt->mesh, bytes))
    sum = crc32c(rt->arena.data() + held.offset, held.box.elements() * bytes, sum);
  return sum;
}

/// "rank 3 differs from 2 others", or "ranks 0 and 1 differ" where no side has a majority.
std::string describe(const std::vector<uint64_t> &sums, const std::vector<uint64_t> &ranks) {
  const auto held = [&](uint64_t sum) { return std::count(sums.begin(), sums.end(), sum); };
  const uint64_t most = *std::max_element(
      sums.begin(), sums.end(), [&](uint64_t a, uint64_t b) { return held(a) < held(b); });
  const bool isMajority = 2 * held(most) > int64_t(sums.size());
  std::string text;
  for (size_t i = 0; i < sums.size(); ++i)
    if (!isMajority || sums[i] != most)
      text += (text.empty() ? "rank " : " and rank ") + std::to_string(ranks[i]);
  return isMajority ? text + " differs from " + std::to_string(held(most)) + " others"
                    : text + " differ";
}

/// Empty where all copies of the group are equal.
std::string differenceIn(sigma_rt rt, const Group &group) {
  if (group.size == 1)
    return "";
  const std::vector<Copy> copies = copiesIn(rt, group);
  std::vector<uint64_t> mine = {uint64_t(rt->mesh.rank)};
  for (const Copy &copy : copies)
    mine.push_back(checksumOf(rt, copy));
  const std::vector<uint64_t> all = gatherNumbers(rt, group, mine);
  auto column = [&](size_t index) {
    std::vector<uint64_t> values;
    for (int member = 0; member < group.size; ++member)
      values.push_back(all[member * mine.size() + index]);
    return values;
  };
  for (size_t i = 0; i < copies.size(); ++i) {
    const std::vector<uint64_t> sums = column(i + 1);
    if (std::adjacent_find(sums.begin(), sums.end(), std::not_equal_to<>()) != sums.end())
      return describe(sums, column(0)) + " in the " + nameOf(copies[i].state) + " of " +
             copies[i].tensor->name;
  }
  return "";
}

} // namespace

void checkReplicas(sigma_rt rt) {
  std::string found;
  for (const Group *group : {&rt->mesh.data, &rt->mesh.expertData, &rt->mesh.tensor,
                             &rt->mesh.expertTensor, &rt->mesh.ends})
    if (std::string difference = differenceIn(rt, *group); found.empty())
      found = std::move(difference);
  faultOfAny(rt, "replicas-differ", found);
}

} // namespace sigma::runtime
