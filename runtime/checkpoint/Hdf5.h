// HDF5 handles that close themselves, and the settings of every file of a checkpoint. HDF5 is
// called by the main thread only.
#ifndef SIGMA_RUNTIME_CHECKPOINT_HDF5_H
#define SIGMA_RUNTIME_CHECKPOINT_HDF5_H

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sigma::runtime {

class Hdf5Handle {
public:
  Hdf5Handle() = default;
  /// Throws std::runtime_error naming `what` when the handle is bad.
  Hdf5Handle(hid_t id, herr_t (*closer)(hid_t), const std::string &what);
  Hdf5Handle(Hdf5Handle &&other) noexcept : id(std::exchange(other.id, -1)), closer(other.closer) {}
  Hdf5Handle &operator=(Hdf5Handle &&other) noexcept {
    std::swap(id, other.id);
    std::swap(closer, other.closer);
    return *this;
  }
  ~Hdf5Handle() {
    if (id >= 0)
      closer(id);
  }
  operator hid_t() const { return id; }
  /// Closes now, to see whether that worked.
  void close(const std::string &what);

private:
  hid_t id = -1;
  herr_t (*closer)(hid_t) = nullptr;
};

/// Throws std::runtime_error naming `what` when an HDF5 call failed.
void checkHdf5(herr_t result, const std::string &what);

/// A new file: superblock 3 with checksummed metadata (format of HDF5 1.10), large datasets on page
/// boundaries.
Hdf5Handle createHdf5(const std::string &path);
/// An existing file, read only.
Hdf5Handle openHdf5(const std::string &path);

} // namespace sigma::runtime

#endif
