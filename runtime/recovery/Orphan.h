// A rank whose launcher died must not live on: it would hold the checkpoint folder and a core.
#ifndef SIGMA_RUNTIME_RECOVERY_ORPHAN_H
#define SIGMA_RUNTIME_RECOVERY_ORPHAN_H

namespace sigma::runtime {

/// Remembers the launcher; call once, early. Does nothing for a process that no launcher started.
void watchLauncher();

/// Ends this process when the launcher is gone.
void leaveIfOrphaned();

} // namespace sigma::runtime

#endif
