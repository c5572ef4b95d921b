#include "runtime/comm/Collect.h"
#include "runtime/Runtime.h"

#include <algorithm>

namespace sigma::runtime {

template <class T>
static std::vector<T> gather(sigma_rt rt, const Group &group, MPI_Datatype type,
                             const std::vector<T> &mine) {
  if (group.size == 1)
    return mine;
  const CommScope scope(rt, SpanKind::Scalars);
  const int count = int(mine.size());
  std::vector<T> all(mine.size() * group.size);
  MPI_Request request;
  checkMpi(MPI_Iallgather(mine.data(), count, type, all.data(), count, type, group.comm, &request),
           "MPI_Iallgather");
  waitFor(rt, request);
  return all;
}

std::vector<double> gatherDoubles(sigma_rt rt, const std::vector<double> &mine) {
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
  const int length = int(mine.size());
  std::vector<int> lengths(world.size), begins(world.size);
  MPI_Request request;
  checkMpi(MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, world.comm, &request),
           "MPI_Iallgather");
  waitFor(rt, request);
  for (int rank = 1; rank < world.size; ++rank)
    begins[rank] = begins[rank - 1] + lengths[rank - 1];
  std::string all(world.index == 0 ? begins.back() + lengths.back() : 0, '\0');
  checkMpi(MPI_Igatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), begins.data(),
                        MPI_CHAR, 0, world.comm, &request),
           "MPI_Igatherv");
  waitFor(rt, request);
  std::vector<std::string> texts;
  for (int rank = 0; world.index == 0 && rank < world.size; ++rank)
    texts.push_back(all.substr(begins[rank], lengths[rank]));
  return texts;
}

std::string broadcastString(sigma_rt rt, const std::string &text) {
  const Group &world = rt->mesh.world;
  if (world.size == 1)
    return text;
  const CommScope scope(rt, SpanKind::Scalars);
  int64_t length = int64_t(text.size());
  MPI_Request request;
  checkMpi(MPI_Ibcast(&length, 1, MPI_INT64_T, 0, world.comm, &request), "MPI_Ibcast");
  waitFor(rt, request);
  std::string all = world.index == 0 ? text : std::string(length, '\0');
  checkMpi(MPI_Ibcast(all.data(), int(length), MPI_CHAR, 0, world.comm, &request), "MPI_Ibcast");
  waitFor(rt, request);
  return all;
}

int64_t largestOf(sigma_rt rt, int64_t mine) {
  const std::vector<double> all = gatherDoubles(rt, {double(mine)});
  return int64_t(*std::max_element(all.begin(), all.end()));
}

} // namespace sigma::runtime
