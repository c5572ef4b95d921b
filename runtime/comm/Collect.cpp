#include "runtime/comm/Collect.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"

#include <algorithm>

namespace sigma::runtime {

template <class Numbers>
static Numbers gather(sigma_rt rt, const Group &group, MPI_Datatype type, const Numbers &mine) {
  if (group.size == 1)
    return mine;
  const CommScope scope(rt, SpanKind::Scalars);
  Numbers all(mine.size() * group.size);
  gatherParts(rt, group, mine.data(), all.data(), Parts::equal(group.size, int64_t(mine.size())),
              type);
  return all;
}

List<double> gatherDoubles(sigma_rt rt, const List<double> &mine) {
  return gather(rt, rt->mesh.world, MPI_DOUBLE, mine);
}

std::vector<uint64_t> gatherNumbers(sigma_rt rt, const Group &group,
                                    const std::vector<uint64_t> &mine) {
  return gather(rt, group, MPI_UINT64_T, mine);
}

std::vector<std::string> gatherStrings(sigma_rt rt, const std::string &mine) {
  const Group &world = rt->mesh.world;
  if (world.size == 1)
    return {mine};
  const CommScope scope(rt, SpanKind::Scalars);
  std::vector<std::string> texts(world.index == 0 ? world.size : 0);
  const std::vector<uint64_t> lengths = gatherNumbers(rt, world, {mine.size()});
  Exchange exchange(rt, world);
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    texts[rank].resize(lengths[rank]);
    exchange.receive(int(rank), texts[rank].data(), int64_t(lengths[rank]), MPI_CHAR);
  }
  exchange.send(0, mine.data(), int64_t(mine.size()), MPI_CHAR);
  exchange.wait();
  return texts;
}

std::string broadcastString(sigma_rt rt, const std::string &text) {
  const Group &world = rt->mesh.world;
  if (world.size == 1)
    return text;
  const CommScope scope(rt, SpanKind::Scalars);
  std::string all(gatherNumbers(rt, world, {text.size()})[0], '\0');
  Exchange exchange(rt, world);
  exchange.receive(0, all.data(), int64_t(all.size()), MPI_CHAR);
  for (int rank = 0; world.index == 0 && rank < world.size; ++rank)
    exchange.send(rank, text.data(), int64_t(text.size()), MPI_CHAR);
  exchange.wait();
  return all;
}

int64_t largestOf(sigma_rt rt, int64_t mine) {
  const List<double> all = gatherDoubles(rt, {double(mine)});
  return int64_t(*std::max_element(all.begin(), all.end()));
}

} // namespace sigma::runtime
