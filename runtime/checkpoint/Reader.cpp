#include "runtime/checkpoint/Reader.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/checkpoint/Errors.h"

#include <sys/stat.h>

namespace sigma::runtime {

CheckpointReader::CheckpointReader(std::string path)
    : folder(std::move(path)), contents(readManifest(folder)) {
  checkFiles();
}

void CheckpointReader::checkFiles() const {
  for (const auto &[name, bytes] : contents.fileBytes) {
    struct stat status;
    if (stat((folder + "/" + name).c_str(), &status) != 0)
      throw RejectedCheckpoint(folder + "/" + name + ": the file is missing");
    if (status.st_size != bytes)
      throw RejectedCheckpoint(folder + "/" + name + ": the file has " +
                               std::to_string(status.st_size) + " bytes, the manifest says " +
                               std::to_string(bytes));
  }
}

void CheckpointReader::readDataset(const Shard &shard) {
  auto file = files.find(shard.file);
  if (file == files.end())
    file = files.emplace(shard.file, openHdf5(folder + "/" + shard.file)).first;
  const std::string what = shard.dataset + " of " + folder + "/" + shard.file;
  Hdf5Handle data(H5Dopen2(file->second, shard.dataset.c_str(), H5P_DEFAULT), H5Dclose,
                  what + " is missing");
  Hdf5Handle type(H5Dget_type(data), H5Tclose, what);
  Hdf5Handle space(H5Dget_space(data), H5Sclose, what);
  const hssize_t elements = H5Sget_simple_extent_npoints(space);
  if (elements < 0 || elements != shard.box.elements() || H5Tget_class(type) != H5T_FLOAT ||
      int64_t(H5Tget_size(type)) != elemBytes() || shard.bytes != elements * elemBytes())
    throw RejectedCheckpoint(what + " has another shape or type than the manifest says");
  buffer.resize(shard.bytes);
  checkHdf5(H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()),
            "cannot read " + what);
}

const std::vector<char> &CheckpointReader::load(const Shard &shard) {
  if (loaded == &shard)
    return buffer;
  loaded = nullptr;
  try {
    readDataset(shard);
  } catch (const RejectedCheckpoint &) {
    throw;
  } catch (const std::exception &error) {
    throw RejectedCheckpoint(error.what());
  }
  if (crc32c(buffer.data(), buffer.size()) != shard.crc)
    throw RejectedCheckpoint(shard.dataset + " of " + folder + "/" + shard.file +
                             ": checksum mismatch: the data are damaged");
  loaded = &shard;
  return buffer;
}

void CheckpointReader::read(const std::string &tensor, const std::string &state, const Box &wanted,
                            char *target) {
  std::vector<Box> parts;
  int64_t covered = 0;
  for (const Shard &shard : contents.shards) {
    Box part, twice;
    if (shard.tensor != tensor || shard.state != state ||
        shard.box.offset.size() != wanted.offset.size() || !intersect(shard.box, wanted, part))
      continue;
    // Two shards with the same elements would hide that others are missing.
    for (const Box &other : parts)
      if (intersect(part, other, twice))
        throw RejectedCheckpoint(folder + ": the saved shards of " + state + "/" + tensor +
                                 " overlap");
    copyBox(shard.box, load(shard).data(), wanted, target, part, elemBytes());
    covered += part.elements();
    parts.push_back(part);
  }
  if (covered != wanted.elements())
    throw RejectedCheckpoint(folder + ": the saved shards of " + state + "/" + tensor + " cover " +
                             std::to_string(covered) + " of the " +
                             std::to_string(wanted.elements()) + " wanted elements");
}

} // namespace sigma::runtime
