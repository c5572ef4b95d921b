#include "runtime/checkpoint/Manifest.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Hdf5.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sigma::runtime {

std::map<std::string, Shape> Manifest::tensors() const {
  std::map<std::string, Shape> shapes;
  for (const Shard &shard : shards)
    shapes.emplace(shard.tensor, shard.globalShape);
  return shapes;
}

Json toJson(const MeshShape &mesh) {
  return {{"pp", mesh.pp}, {"tp", mesh.tp},
          {"cp", mesh.cp}, {"context", mesh.context == SIGMA_RING ? "ring" : "all-to-all"},
          {"dp", mesh.dp}, {"etp", mesh.etp},
          {"ep", mesh.ep}};
}

/// Programs that knew fewer degrees wrote fewer.
static MeshShape meshFromJson(const Json &json) {
  MeshShape mesh;
  mesh.pp = json.at("pp");
  mesh.tp = json.value("tp", 1);
  mesh.cp = json.value("cp", 1);
  mesh.dp = json.at("dp");
  mesh.etp = json.value("etp", 1);
  mesh.ep = json.at("ep");
  mesh.context = json.value("context", "ring") == "ring" ? SIGMA_RING : SIGMA_ALL_TO_ALL;
  return mesh;
}

Json toJson(const Shard &s) {
  return {{"tensor", s.tensor},
          {"state", s.state},
          {"file", s.file},
          {"dataset", s.dataset},
          {"globalShape", s.globalShape},
          {"offset", s.box.offset},
          {"extent", s.box.extent},
          {"bytes", s.bytes},
          {"crc32c", s.crc}};
}

Shard shardFromJson(const Json &json) {
  Shard s;
  s.tensor = json.at("tensor");
  s.state = json.at("state");
  s.file = json.at("file");
  s.dataset = json.at("dataset");
  s.globalShape = json.at("globalShape").get<Shape>();
  s.box.offset = json.at("offset").get<Shape>();
  s.box.extent = json.at("extent").get<Shape>();
  s.bytes = json.at("bytes");
  s.crc = json.at("crc32c");
  const size_t rank = s.globalShape.size();
  if (s.box.offset.size() != rank || s.box.extent.size() != rank)
    throw RejectedCheckpoint("manifest: the box of " + s.tensor +
                             " has another rank than its tensor");
  return s;
}

static Json toJson(const Manifest &m) {
  Json shards = Json::array();
  for (const Shard &shard : m.shards)
    shards.push_back(toJson(shard));
  return {{"version", m.version},
          {"step", m.step},
          {"seed", m.seed},
          {"program", m.program},
          {"programHash", m.programHash},
          {"elem", m.elem},
          {"mesh", toJson(m.mesh)},
          {"globalBatch", m.globalBatch},
          {"sequence", m.sequence},
          {"data", {{"bytes", m.dataBytes}, {"crc32c", m.dataCrc}}},
          {"lossHex", m.lossHex},
          {"files", m.fileBytes},
          {"shards", std::move(shards)}};
}

static Manifest fromJson(const Json &json) {
  Manifest m;
  m.version = json.at("version");
  if (m.version != 1)
    throw RejectedCheckpoint("manifest: version " + std::to_string(m.version) +
                             " is not understood (known: 1)");
  m.step = json.at("step");
  m.seed = json.at("seed");
  m.program = json.at("program");
  m.programHash = json.at("programHash");
  m.elem = json.at("elem");
  m.mesh = meshFromJson(json.at("mesh"));
  m.globalBatch = json.at("globalBatch");
  m.sequence = json.at("sequence");
  m.dataBytes = json.at("data").at("bytes");
  m.dataCrc = json.at("data").at("crc32c");
  m.lossHex = json.at("lossHex");
  m.fileBytes = json.at("files").get<std::map<std::string, int64_t>>();
  for (const Json &shard : json.at("shards"))
    m.shards.push_back(shardFromJson(shard));
  return m;
}

void writeManifest(const std::string &folder, const Manifest &manifest) {
  const std::string path = folder + "/manifest.h5", text = toJson(manifest).dump();
  const uint32_t crc = crc32c(text.data(), text.size());
  Hdf5Handle file = createHdf5(path);
  {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "string type");
    checkHdf5(H5Tset_size(type, text.size()), "string size");
    Hdf5Handle scalar(H5Screate(H5S_SCALAR), H5Sclose, "scalar space");
    Hdf5Handle data(
        H5Dcreate2(file, "manifest", type, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
        "manifest");
    checkHdf5(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()),
              "cannot write " + path);
    Hdf5Handle sum(H5Acreate2(data, "crc32c", H5T_STD_U32LE, scalar, H5P_DEFAULT, H5P_DEFAULT),
                   H5Aclose, "crc32c");
    checkHdf5(H5Awrite(sum, H5T_NATIVE_UINT32, &crc), "cannot write " + path);
  }
  file.close("cannot close " + path);
}

void syncManifest(const std::string &folder) {
  const std::string path = folder + "/manifest.h5";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0)
    close(file);
  if (!good)
    throw std::system_error(error, std::generic_category(), path);
}

/// The text, after its checksum was found right.
static std::string readText(const std::string &path) {
  Hdf5Handle file = openHdf5(path);
  Hdf5Handle data(H5Dopen2(file, "manifest", H5P_DEFAULT), H5Dclose, path + " has no manifest");
  Hdf5Handle type(H5Dget_type(data), H5Tclose, "string type");
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0)
    throw RejectedCheckpoint(path + ": the manifest is not a text");
  std::string text(H5Tget_size(type), '\0');
  checkHdf5(H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), "cannot read " + path);
  Hdf5Handle sum(H5Aopen(data, "crc32c", H5P_DEFAULT), H5Aclose, path + " has no checksum");
  uint32_t crc = 0;
  checkHdf5(H5Aread(sum, H5T_NATIVE_UINT32, &crc), "cannot read " + path);
  if (crc != crc32c(text.data(), text.size()))
    throw RejectedCheckpoint(path + ": checksum mismatch: the manifest is damaged");
  return text;
}

Manifest readManifest(const std::string &folder) {
  try {
    return fromJson(Json::parse(readText(folder + "/manifest.h5")));
  } catch (const RejectedCheckpoint &) {
    throw;
  } catch (const std::exception &error) {
    throw RejectedCheckpoint(error.what());
  }
}

} // namespace sigma::runtime
